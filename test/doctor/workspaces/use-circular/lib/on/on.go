// Package on needs app.
package on

import "example.com/app/base"

// On is based.
const On = base.Base
