package main

import "os"

// exitWithReader does nothing: the next line ends the program if nobody reads the pipe.
func exitWithReader(*os.File) {}
