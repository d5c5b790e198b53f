package backfill

import (
	"bufio"
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestOwn: the metrics by which rules trust an account, and the rule's own series, with the labels that it has.
func TestOwn(t *testing.T) {
	rules, err := os.ReadFile("../../dashboards/rules/recording.yml")
	require.NoError(t, err)
	require.Contains(t, string(rules), "record: "+firstSeen+"\n")
	require.Contains(t, string(rules), "min by (job, account) (timestamp(itnio_up))")

	p := &Plan{Account: "main", Start: time.Unix(600, 0), Labels: []Label{{"job", "itnio"}, {"instance", "here"}}}
	s := &samples{labels: p.Labels, step: time.Minute, families: map[string]*rows{}}
	var out bytes.Buffer
	s.next(time.Unix(660, 0), own(p, time.Unix(660, 0)))
	s.begin(bufio.NewWriter(&out), nil)
	s.last()
	require.NoError(t, s.end())
	require.Equal(t, `account:itnio_first_seen:timestamp{account="main",job="itnio"} 600 660
itnio_exporter_catch_up_remaining_seconds{account="main",job="itnio",instance="here"} 0 660
itnio_exporter_complete_until_timestamp_seconds{account="main",job="itnio",instance="here"} 660 660
itnio_exporter_last_success_timestamp_seconds{account="main",job="itnio",instance="here"} 660 660
itnio_up{account="main",job="itnio",instance="here"} 1 660
# EOF
`, out.String())
}
