// Package more.
package more

import (
	"example.com/app"
	"example.com/lib"
)

// Say says it.
func Say() string { return app.Say() + lib.Hello() }
