package call

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

// withText is a record with the given text in every field that can become a label.
func withText(callType int64, text string) *itnio.Record {
	r := sample()
	r.CallType, r.VoiceGroupID = set(callType), set(12)
	r.Caller, r.Called, r.EncryptCalled = "8614008001234", "8613242926514", ""
	r.SIPGroupName, r.SeatName, r.BrandName, r.MediaDetected, r.Labels = text, text, text, text, []string{text}
	return r
}

// The customer's number of a record is in none of its labels, however it is written. Every other number may be a name.
func TestCustomersNumberIsNoLabel(t *testing.T) {
	t.Parallel()
	const incoming, outgoing, unknownType = 2, 3, 9
	for _, tt := range []struct {
		callType int64
		text     string
		hidden   bool
	}{
		{outgoing, "8613242926514", true},
		{outgoing, "+86 132-4292-6514", true},
		{outgoing, "13242926514", true},
		{outgoing, "(0132) 4292.6514", true},
		{outgoing, "８６１３２４２９２６５１４", true},
		{outgoing, "132\u00a04292·6514", true},
		{outgoing, "call back 13242926514, urgent", true},
		{outgoing, "132x4292x6514", true},
		{outgoing, "132 und 4292 und 6514", true},
		{outgoing, "132:4292:6514", true},
		{outgoing, "132=4292=6514", true},
		{outgoing, "132/4292/6514", true},
		{outgoing, "132&nbsp;4292&nbsp;6514", true},
		{outgoing, "132&#160;4292&#160;6514", true},
		{outgoing, `132\n4292\n6514`, true},
		{outgoing, `132\u00a04292\u00a06514`, true},
		{outgoing, "132%204292%206514", true},
		{outgoing, "١٣٢٤٢٩٢٦٥١٤", true},
		{outgoing, "𝟏𝟑𝟐𝟒𝟐𝟗𝟐𝟔𝟓𝟏𝟒", true},
		{outgoing, "4008001234", false}, // the hotline from which the centre calls
		{outgoing, "13242926515", false},
		{outgoing, "926514", false}, // too short
		{outgoing, "2926 agents, 514 calls", false},
		{incoming, "4008001234", true},
		{incoming, "13242926514", false}, // the hotline that was called
		{unknownType, "4008001234", true},
		{unknownType, "13242926514", true},
	} {
		for _, mode := range []config.AgentMode{config.AgentsName, config.AgentsHash} {
			c := NewNormalizer(Options{Agents: mode, AgentHashKey: []byte("k")}).From(withText(tt.callType, tt.text), at(60))
			name := fmt.Sprintf("type %d, %q, agents %s", tt.callType, tt.text, mode)
			if !tt.hidden {
				assert.Equal(t, tt.text, c.Group, name)
				assert.Equal(t, []string{tt.text}, c.Tags, name)
				assert.NotContains(t, c.Anomalies, AnomalyNumberInText, name)
				continue
			}
			assert.Equal(t, "12", c.Group, name)
			assert.Equal(t, None, c.Agent, name)
			assert.Equal(t, None, c.Media, name)
			assert.Empty(t, c.Brand, name)
			assert.Empty(t, c.Tags, name)
			assert.Contains(t, c.Anomalies, AnomalyNumberInText, name)
		}
	}

	r := withText(outgoing, "sales")
	r.Called, r.EncryptCalled, r.Labels = "", "8613242926514", []string{"vip", "13242926514"}
	assert.Equal(t, []string{"vip"}, NewNormalizer(Options{}).From(r, at(60)).Tags, "the other tags stay")
	r.VoiceGroupID, r.SIPGroupName = set(13242926514), ""
	c := NewNormalizer(Options{}).From(r, at(60))
	assert.Equal(t, None, c.Group)
	assert.Empty(t, c.VoiceGroupID)
	r = withText(outgoing, "1001")
	r.Called = "1001"
	assert.Equal(t, "1001", NewNormalizer(Options{}).From(r, at(60)).Group, "an extension is no phone number")
	r = withText(outgoing, "0001001")
	r.Called = "1001"
	assert.Equal(t, "0001001", NewNormalizer(Options{}).From(r, at(60)).Group, "nor is it one with zeros before it")
}

// Whatever number the customer has and however it is written, it is in no field of the call.
func TestNoWritingShowsTheCustomersNumber(t *testing.T) {
	t.Parallel()
	n := NewNormalizer(Options{Agents: config.AgentsName})
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`[1-9][0-9]{6,14}`).Draw(t, "number")
		var written strings.Builder
		for _, d := range number {
			written.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "-", ".", "·", "–", ") "}).Draw(t, "separator"))
			written.WriteRune(d)
		}
		text := rapid.SampledFrom([]string{"", "+", "00", "to ", "9"}).Draw(t, "before") + written.String() +
			rapid.SampledFrom([]string{"", " (new)", ";"}).Draw(t, "after")
		r := withText(int64(rapid.IntRange(1, 3).Draw(t, "type")), text)
		r.Caller, r.Called = itnio.Number(number), itnio.Number(number)
		c := n.From(r, at(60))
		require.NotContains(t, fmt.Sprintf("%+v", c), text)
	})
}
