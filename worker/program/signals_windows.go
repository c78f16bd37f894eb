package program

import "os"

// warnings is empty, since Windows has no such signals.
var warnings []os.Signal
