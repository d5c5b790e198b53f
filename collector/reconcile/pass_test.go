package reconcile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPoppedTask: what a pass is done with is let go, with the ids of its walk.
func TestPoppedTask(t *testing.T) {
	p := &Pass{}
	p.push(&task{walk: NewWalk(&Paging{})})
	p.pop()
	require.Nil(t, p.stack[:1][0])
}
