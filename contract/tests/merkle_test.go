package tests

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// sumNode commits to calls and to what they cost together.
type sumNode struct {
	hash [sha256.Size]byte
	sum  uint64
}

// sibling is one on the way to the root, on the left or the right of the path.
type sibling struct {
	sumNode
	left bool
}

func leafOf(canonicalJSON string, amount uint64) sumNode {
	return sumNode{sha256.Sum256(append([]byte{0}, canonicalJSON...)), amount}
}

func innerNode(left, right sumNode) sumNode {
	message := append([]byte{1}, left.hash[:]...)
	message = binary.BigEndian.AppendUint64(message, left.sum)
	message = append(message, right.hash[:]...)
	message = binary.BigEndian.AppendUint64(message, right.sum)
	return sumNode{sha256.Sum256(message), left.sum + right.sum}
}

// levelAbove pairs the nodes; an odd one moves up unchanged.
func levelAbove(nodes []sumNode) []sumNode {
	var above []sumNode
	for pair := range slices.Chunk(nodes, 2) {
		if len(pair) == 1 {
			above = append(above, pair[0])
		} else {
			above = append(above, innerNode(pair[0], pair[1]))
		}
	}
	return above
}

func rootOf(leaves []sumNode) sumNode {
	for len(leaves) > 1 {
		leaves = levelAbove(leaves)
	}
	return leaves[0]
}

func proofOf(leaves []sumNode, index int) []sibling {
	var proof []sibling
	for ; len(leaves) > 1; leaves, index = levelAbove(leaves), index/2 {
		if other := index ^ 1; other < len(leaves) {
			proof = append(proof, sibling{leaves[other], other < index})
		}
	}
	return proof
}

func rootByProof(node sumNode, proof []sibling) sumNode {
	for _, s := range proof {
		if s.left {
			node = innerNode(s.sumNode, node)
		} else {
			node = innerNode(node, s.sumNode)
		}
	}
	return node
}

func sampleLeaves(count int) ([]string, []sumNode) {
	texts := make([]string, count)
	leaves := make([]sumNode, count)
	for i := range leaves {
		amount := uint64(i*i+1) * 1000
		texts[i] = fmt.Sprintf(`{"amount":"%d","callId":"call-%d","salt":"%032x"}`, amount, i, i)
		leaves[i] = leafOf(texts[i], amount)
	}
	return texts, leaves
}

func TestMerkleSumProofs(t *testing.T) {
	for count := 1; count <= 20; count++ {
		_, leaves := sampleLeaves(count)
		root := rootOf(leaves)
		for i, leaf := range leaves {
			require.Equal(t, root, rootByProof(leaf, proofOf(leaves, i)))
			dearer := leaf
			dearer.sum++
			require.NotEqual(t, root.sum, rootByProof(dearer, proofOf(leaves, i)).sum)
		}
		require.False(t, bytes.Equal(root.hash[:], make([]byte, sha256.Size)))
	}
}
