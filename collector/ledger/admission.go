package ledger

import (
	"slices"

	bolt "go.etcd.io/bbolt"

	"itnio_exporter/collector/families"
)

// admission decides which values of limited labels a transaction may use: the first ones to come, for good. It is a
// families.Admission.
type admission struct {
	admitted map[string]map[string]struct{} // label -> values; the ledger's
	fresh    map[string]map[string]struct{} // the same, of this transaction
	overflow map[string]int                 // by label: calls whose value was folded into Other
	noted    []string                       // labels of the present call that overflow has
}

var _ families.Admission = (*admission)(nil)

// nextCall begins a call: a label of it overflows at most once, however many families and tags it has.
func (a *admission) nextCall() { a.noted = a.noted[:0] }

// Admit returns the value if it was admitted before or there is room for it, else Other.
func (a *admission) Admit(label, value string, limit int) string {
	if _, ok := a.admitted[label][value]; ok {
		return value
	}
	fresh := a.fresh[label]
	if _, ok := fresh[value]; ok {
		return value
	}
	if len(a.admitted[label])+len(fresh) >= limit {
		a.folded(label)
		return families.Other
	}
	if fresh == nil {
		fresh = map[string]struct{}{}
		a.fresh[label] = fresh
	}
	fresh[value] = struct{}{}
	return value
}

// folded notes that a label of the present call was folded into Other.
func (a *admission) folded(label string) {
	if !slices.Contains(a.noted, label) {
		a.noted = append(a.noted, label)
		a.overflow[label]++
	}
}

func (a *admission) write(root *bolt.Bucket) error {
	for label, values := range a.fresh {
		b, err := root.CreateBucketIfNotExists([]byte(label))
		if err != nil {
			return err
		}
		for v := range values {
			if err := b.Put([]byte(v), nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish gives the transaction's values to the ledger. The caller has locked its mutex.
func (a *admission) publish() {
	for label, values := range a.fresh {
		if a.admitted[label] == nil {
			a.admitted[label] = map[string]struct{}{}
		}
		for v := range values {
			a.admitted[label][v] = struct{}{}
		}
	}
}
