package ledger

import (
	"slices"

	"itnio_exporter/collector/families"
)

// admission decides which values of limited labels a transaction may use: the first ones to come, for as long as a series has
// them. It is a families.Admission.
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

// admittedBy are the values of limited labels that the series of some families have, without those of accounts that left the
// configuration.
func admittedBy(all []*family) map[string]map[string]struct{} {
	admitted := map[string]map[string]struct{}{}
	for _, f := range all {
		for _, s := range f.sorted {
			if s.account != nil && !s.account.attached {
				continue
			}
			for label, value := range f.Limited(s.labels) {
				if admitted[label] == nil {
					admitted[label] = map[string]struct{}{}
				}
				admitted[label][value] = struct{}{}
			}
		}
	}
	return admitted
}
