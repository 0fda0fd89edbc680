package cache

import (
	"bytes"
	"encoding/gob"
	"fmt"
)

// An analysisNode is one package under analysis, with the facts about its objects.
type analysisNode struct {
	summary *analyzeSummary
	decoded map[string]fact
}

// analyzeSummary is what an analysis hands to those of importing packages.
type analyzeSummary struct{ encoded []byte }

type fact struct {
	Object  string
	Printf  bool
	Callees []string
}

// AnalyzeRetainingFacts analyzes a package and keeps everything it found out, encoded and decoded.
func (s *Session) AnalyzeRetainingFacts(number int) {
	node := &analysisNode{}
	node.run(number)
	s.analysisNodes = append(s.analysisNodes, node)
}

func (an *analysisNode) run(number int) {
	facts := map[string]fact{}
	for i := range 12_000 {
		object := fmt.Sprintf("example.com/analyzed%d.Function%d", number, i)
		facts[object] = fact{object, i%3 == 0, []string{object + ".func1", object + ".func2"}}
	}
	var encoded bytes.Buffer
	if err := gob.NewEncoder(&encoded).Encode(facts); err != nil {
		panic(err)
	}
	an.summary, an.decoded = &analyzeSummary{encoded.Bytes()}, facts
}
