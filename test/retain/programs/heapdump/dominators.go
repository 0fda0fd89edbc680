package main

// Node 0 is the root of all; node i+1 is object i.
type graph struct {
	size []uint64
	next [][]int32
	// In an order in which a node comes after one of those that lead to it.
	order []int32
}

func (d *heapDump) graph() *graph {
	n := len(d.objects) + 1
	g := &graph{size: make([]uint64, n), next: make([][]int32, n)}
	for _, address := range d.roots {
		if to := d.find(address); to >= 0 {
			g.next[0] = append(g.next[0], int32(to+1))
		}
	}
	for i, o := range d.objects {
		g.size[i+1] = o.size
		for _, address := range o.pointers {
			if to := d.find(address); to >= 0 {
				g.next[i+1] = append(g.next[i+1], int32(to+1))
			}
		}
	}
	g.sort()
	return g
}

// Depth first, postorder reversed.
func (g *graph) sort() {
	type visit struct{ node, child int32 }
	seen := make([]bool, len(g.size))
	stack := []visit{{}}
	seen[0] = true
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if int(top.child) == len(g.next[top.node]) {
			g.order = append(g.order, top.node)
			stack = stack[:len(stack)-1]
			continue
		}
		to := g.next[top.node][top.child]
		top.child++
		if !seen[to] {
			seen[to] = true
			stack = append(stack, visit{node: to})
		}
	}
	for i, j := 0, len(g.order)-1; i < j; i, j = i+1, j-1 {
		g.order[i], g.order[j] = g.order[j], g.order[i]
	}
}

// Each node's immediate dominator (-1 for what is not reached), by the iteration of Cooper, Harvey and Kennedy.
func (g *graph) dominators() []int32 {
	rank := make([]int32, len(g.size))
	before := make([][]int32, len(g.size))
	for i, node := range g.order {
		rank[node] = int32(i)
		for _, to := range g.next[node] {
			before[to] = append(before[to], node)
		}
	}
	idom := make([]int32, len(g.size))
	for i := range idom {
		idom[i] = -1
	}
	idom[0] = 0
	for changed := true; changed; {
		changed = false
		for _, node := range g.order[1:] {
			found := int32(-1)
			for _, from := range before[node] {
				switch {
				case idom[from] < 0:
				case found < 0:
					found = from
				default:
					a, b := found, from
					for a != b {
						for rank[a] > rank[b] {
							a = idom[a]
						}
						for rank[b] > rank[a] {
							b = idom[b]
						}
					}
					found = a
				}
			}
			if found != idom[node] {
				idom[node], changed = found, true
			}
		}
	}
	return idom
}

// What the objects retain, those below another of them counted once.
func (g *graph) retained(idom []int32, objects []int) uint64 {
	marked := make([]bool, len(g.size))
	for _, i := range objects {
		marked[i+1] = true
	}
	total := uint64(0)
	below := make([]bool, len(g.size))
	for _, node := range g.order[1:] {
		below[node] = marked[node] || below[idom[node]]
		if below[node] {
			total += g.size[node]
		}
	}
	return total
}
