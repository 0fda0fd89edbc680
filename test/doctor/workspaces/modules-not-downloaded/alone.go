package alone

import _ "example.com/absent/inner"
