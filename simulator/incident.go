package simulator

import "time"

// StagedIncident is a bad half hour, for demonstrations of dashboards and alerts: the carrier to India fails, someone places long calls to
// Cuba, which nobody called before, and the agent group Support misses its calls for twelve minutes and then has none.
func StagedIncident(from time.Time) []Scenario {
	silent, end := from.Add(12*time.Minute), from.Add(30*time.Minute)
	return []Scenario{
		{Kind: CarrierFailure, From: from, To: end, Country: "IN"},
		{Kind: FraudNight, From: from, To: end, Country: "CU"},
		{Kind: MissedIncoming, From: from, To: silent, Group: "Support"},
		{Kind: DeadGroup, From: silent, To: end, Group: "Support"},
	}
}
