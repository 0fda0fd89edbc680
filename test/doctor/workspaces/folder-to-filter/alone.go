// Package alone needs one of them.
package alone

import "example.com/alone/third_party/needed"

// Alone needs it.
const Alone = needed.Needed
