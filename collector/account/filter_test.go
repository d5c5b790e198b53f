package account

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/reconcile"
	"itnio_exporter/config"
	"itnio_exporter/itnio"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestFilter: every filter of the configuration becomes the request parameter of the vendor's page that it names, and no other.
// All have different values; lists are sorted.
func TestFilter(t *testing.T) {
	group := int64(71)
	filter := config.FilterConfig{
		VoiceGroupID: &group, AgentGroup: "sales", AgentIDs: []int64{81, 82}, Agents: []string{"ann", "bob"},
		CallTypes: []string{"outgoing"}, HangupReasons: []string{"busy", "call_failed"}, Number: "8613800000000",
		CallingCodes: []string{"44", "49"}, HangupParties: []string{"agent"}, Tags: []string{"vip", "gold"},
	}
	fields := reflect.ValueOf(filter)
	for i := range fields.NumField() {
		require.False(t, fields.Field(i).IsZero(), "a filter without a value: %s", fields.Type().Field(i).Name)
	}
	c := config.Default(config.AccountConfig{Name: "main", BaseURL: "https://api.invalid", APIKey: "key", APISecret: "secret", Filter: filter})
	v, err := c.Validate()
	require.NoError(t, err)

	var sent struct {
		Params map[string]any `json:"params"`
	}
	api, err := itnio.New(itnio.Options{
		BaseURL: "https://api.invalid", Key: "key", Secret: "secret", TimeFormat: itnio.TimeISO8601,
		HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
				return nil, err
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"status":0,"data":{"total":0,"records":[]}}`))}, nil
		})},
	})
	require.NoError(t, err)
	requests := &requests{api: api, health: &health{metrics: testMetrics(), steady: func() time.Duration { return 0 }}, clock: &clock{wall: time.Now, steady: func() time.Duration { return 0 }, metrics: testMetrics(), health: &health{}, logger: log.NewNopLogger()}, filter: call.Filter(v.Accounts()[0].Filter)}
	_, err = requests.page(t.Context(), time.Now().Add(-time.Hour), time.Now(), 1, reconcile.PageSize)
	require.NoError(t, err)
	delete(sent.Params, "startTime")
	delete(sent.Params, "endTime")
	require.Equal(t, map[string]any{
		"voiceGroupId": 71.0, "sipGroupName": "sales", "seatId": []any{81.0, 82.0}, "seatNameList": []any{"ann", "bob"},
		"callType": []any{3.0}, "hangupReason": []any{4.0, 7.0}, "calledOrCaller": "8613800000000",
		"ccode": []any{"44", "49"}, "hangingDirection": []any{1.0}, "labelNames": []any{"gold", "vip"},
	}, sent.Params)
}
