package call

import (
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// Filter is an account's configured filter in the API's terms.
func Filter(f config.Filter) itnio.Filter {
	return itnio.Filter{
		VoiceGroupID: f.VoiceGroupID, SIPGroupName: f.AgentGroup, SeatIDs: f.AgentIDs, SeatNames: f.Agents,
		CallTypes: f.CallTypes, HangupReasons: f.HangupReasons, CalledOrCaller: string(f.Number), CCodes: f.CallingCodes,
		HangingDirection: f.HangupParties, LabelNames: f.Tags,
	}
}
