package simulator

import "time"

// StagedIncident is a bad half hour, for demonstrations of dashboards and alerts. Three things go wrong one after the other and last
// until the end: the carrier to India fails, the agent group Support misses its calls and then falls silent, and someone places calls to Cuba.
func StagedIncident(from time.Time) []Scenario {
	at := func(minutes time.Duration) time.Time { return from.Add(minutes * time.Minute) }
	end := at(30)
	return []Scenario{
		{Kind: CarrierFailure, From: at(0), To: end, Country: "IN"},
		{Kind: MissedIncoming, From: at(0), To: at(6), Group: "Support"},
		{Kind: FraudNight, From: at(3), To: end, Country: "CU"},
		{Kind: DeadGroup, From: at(6), To: end, Group: "Support"},
	}
}
