package families

// FoldSteps is how many steps FoldStep has.
const FoldSteps = int(turns)

// Room is how many series a family may have for one more to be added after fewer than FoldSteps steps. A tenth of limits.series
// is reserved for label sets that were folded: one that has been through every step is always added.
func (m *Model) Room(steps int) int {
	limit := m.limits.Series
	reserved := [FoldSteps]int{max(1, limit/10), max(1, limit/20), max(1, limit/50)}
	return limit - reserved[steps]
}

// FoldStep folds into Other the labels of a label set whose turn it is in a family without room for it: the agent group in
// step 0, then the country, then all but the account. It returns the names of the labels that it changed.
func (f *Family) FoldStep(labels []string, step int) (folded []string) {
	for j, column := range f.columns {
		if labelTable[column].turn == turn(step) && labels[j] != Other {
			labels[j] = Other
			folded = append(folded, f.Labels[j])
		}
	}
	return folded
}
