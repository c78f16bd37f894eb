// Package pace gives tests tasks that last for some time on machines of any speed. Only tests import it.
package pace
