package families

import "slices"

// FoldSteps is how many steps FoldStep has.
const FoldSteps = int(turns)

// Room is how many series a family may have at most so that a label set is still added after the given number of fold steps. The last
// tenth of limits.series is reserved for label sets that were folded. A label set that went through all FoldSteps is always added.
func (m *Model) Room(steps int) int {
	limit := m.limits.Series
	reserved := [FoldSteps]int{max(1, limit/10), max(1, limit/20), max(1, limit/50)}
	return limit - reserved[steps]
}

// FoldStep replaces label values of a label set, for which its family has no room, by Other: the agent group in step 0, the country in
// step 1, all but the account in step 2. It returns the names of the labels that it changed.
func (f *Family) FoldStep(labels []string, step int) (folded []string) {
	for j, column := range f.columns {
		if labelTable[column].turn == turn(step) && labels[j] != Other {
			labels[j] = Other
			folded = append(folded, f.Labels[j])
		}
	}
	return folded
}

// IDOf gives the values of the ID labels of a label set, nil for a family that has no ID or was left without a label of it, and for
// what has no name but its ID.
func (f *Family) IDOf(labels []string) []string {
	if len(f.ID) == 0 {
		return nil
	}
	id := make([]string, 0, len(f.ID))
	for _, label := range f.ID {
		i := slices.Index(f.Labels, label)
		if i < 0 {
			return nil
		}
		id = append(id, labels[i])
	}
	if i := slices.Index(f.Labels, f.About); i >= 0 && labels[i] == id[len(id)-1] {
		return nil
	}
	return id
}
