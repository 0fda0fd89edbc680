package cache

import (
	"go/token"

	"stallscope.test/gopls/internal/cache/parsego"
)

// Replace and Retain are what a save does to the earlier syntax of its file.
const (
	Replace = false
	Retain  = true
)

type parseCache struct {
	latest map[string]*parsego.File
	// Nothing ever removes these.
	retained []*parsego.File
}

func (c *parseCache) parseFiles(name string, src []byte, retain bool) *parsego.File {
	parsed := parsego.Parse(token.NewFileSet(), name, src)
	if earlier := c.latest[name]; retain && earlier != nil {
		c.retained = append(c.retained, earlier)
	}
	c.latest[name] = parsed
	return parsed
}
