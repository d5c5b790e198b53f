//go:build unix

package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"itnio_exporter/collector/call"
	"itnio_exporter/collector/families"
	"itnio_exporter/itnio"
)

const (
	pageRecords = 100
	groupPages  = 5 // pages to a transaction when catching up
)

// pageServer answers every request with the next page of new records, in process.
type pageServer struct {
	next   int
	groups int // and as many countries, at most all of codes
	body   []byte
}

// beijing is the zone of the records' times.
func beijing() *time.Location { return time.FixedZone("", 8*60*60) }

func (s *pageServer) page() []byte {
	ccodes := [...]string{
		"86(China)", "91(India)", "62(Indonesia)", "55(Brazil)", "52(Mexico)", "49(Germany)", "33(France)", "34(Spain)", "63(Philippines)",
		"84(Vietnam)", "66(Thailand)", "60(Malaysia)", "65(Singapore)", "81(Japan)", "82(South Korea)", "90(Turkey)", "20(Egypt)", "234(Nigeria)",
		"254(Kenya)", "27(South Africa)", "57(Colombia)", "51(Peru)", "56(Chile)", "54(Argentina)", "48(Poland)", "31(Netherlands)", "880(Bangladesh)",
	}
	b := bytes.NewBuffer(s.body[:0])
	fmt.Fprintf(b, `{"status":"0","reason":"success","data":{"total":1000000,"size":%d,"current":1,"pages":10000,"searchCount":true,"records":[`, pageRecords)
	for i := range pageRecords {
		n := s.next
		s.next++
		end := start().Add(time.Duration(n) * time.Millisecond * 86).In(beijing())
		begin := end.Add(-time.Duration(20+n%170) * time.Second)
		if i > 0 {
			b.WriteByte(',')
		}
		typ, reason, party, talk := [...]int{3, 3, 1, 2}[n%4], [...]int{1, 0, 3, 9}[n%4], n/4%2, n*7%600
		answer := `"` + begin.Add(12*time.Second).Format(time.DateTime) + `"`
		if reason == 0 {
			answer, talk = "null", 0
		}
		fmt.Fprintf(b, `{"keyId":%d,"callSessionId":"%s%05d","called":"13%09d","encryptCalled":null,"caller":"0755%07d","callerInfo":"{\"a\":1}",`+
			`"calledInfo":"{\"name\":\"\",\"remark\":\"\"}","region":"","ccode":"%s","seatName":"agent %d","sipGroupName":"group %d",`+
			`"voiceGroupId":%d,"brandId":3,"brandName":"itnio","callType":%d,"hangupReason":%d,"hangingDirection":%d,"hangupCode":"1",`+
			`"errorReason":"call(200)","callDuration":%d,"ringDuration":12,"callStartTime":"%s","calledAnswerTime":%s,`+
			`"calledHangupTime":"%s","createTime":"%s","updateTime":"%s","recordUrl":"https://records.invalid/2025/%d.wav","remark":"",`+
			`"labelName":"[]","labelNameList":[],"mediaDetected":null}`,
			9_000_000_000+n, end.Format("060102150405"), n*31%100000, n*97%1_000_000_000, n*13%10_000_000, ccodes[n/7%min(s.groups, len(ccodes))], n%300, n/3%s.groups,
			n/3%s.groups+1000, typ, reason, party, talk, begin.Format(time.DateTime), answer,
			end.Format(time.DateTime), end.Format(time.DateTime), end.Format(time.DateTime), n)
	}
	b.WriteString(`]}}`)
	s.body = b.Bytes()
	return bytes.Clone(s.body)
}

// transport hands pages out that were made before.
type transport struct{ pages [][]byte }

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body := t.pages[0]
	t.pages = t.pages[1:]
	return &http.Response{
		StatusCode: 200, Header: http.Header{"Date": {start().Format(http.TimeFormat)}, "Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// BenchmarkIngest brings pages of new records from the answer's bytes into the ledger, with fsync, on one core. One
// operation is one record. encoding/json, decoding the same pages and no more, is the yardstick.
func BenchmarkIngest(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	records := func(b *testing.B, cpu time.Duration) {
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		b.ReportMetric(cpu.Seconds()*1e6/float64(b.N), "cpu-s/million")
	}
	pages := func(b *testing.B, groups int) [][]byte {
		s := &pageServer{groups: groups}
		made := make([][]byte, 0, b.N/pageRecords+1)
		for range b.N/pageRecords + 1 {
			made = append(made, s.page())
		}
		runtime.GC()
		return made
	}
	b.Run("encoding_json", func(b *testing.B) {
		made := pages(b, 20)
		b.ResetTimer()
		cpu := cpuTime()
		for _, page := range made {
			var a struct {
				Data struct{ Records []jsonRecord }
			}
			if err := json.Unmarshal(page, &a); err != nil || len(a.Data.Records) != pageRecords {
				b.Fatal(err, len(a.Data.Records))
			}
		}
		records(b, cpuTime()-cpu)
	})
	for _, groups := range []int{20, 200} {
		for _, noSync := range []bool{false, true} {
			b.Run(fmt.Sprintf("ledger/groups=%d/fsync=%v", groups, !noSync), func(b *testing.B) {
				made := pages(b, groups)
				l, err := Open(Options{Dir: b.TempDir(), Model: families.New(testMetrics()), Now: time.Now, Logger: log.NewNopLogger(), NoSync: noSync})
				require.NoError(b, err)
				defer l.Close()
				account, err := l.Attach(identity())
				require.NoError(b, err)
				require.NoError(b, account.Establish(start(), 24*time.Hour))
				client, err := itnio.New(itnio.Options{
					BaseURL: "https://api.invalid", Key: "k", Secret: "s", TimeFormat: itnio.TimeDatetime,
					HTTP: &http.Client{Transport: &transport{made}},
				})
				require.NoError(b, err)
				calls := call.NewNormalizer(call.Options{})
				counted := 0
				b.ReportAllocs()
				b.ResetTimer()
				cpu := cpuTime()
				batch := Batch{Account: account, Server: start(), Items: make([]Item, 0, groupPages*pageRecords)}
				for i := range made {
					page, err := client.Records(context.Background(), itnio.Query{From: start(), To: start().Add(time.Hour), Size: pageRecords, Page: 1})
					if err != nil {
						b.Fatal(err)
					}
					for j := range page.Records {
						batch.Items = append(batch.Items, Item{Call: calls.From(&page.Records[j], start())})
					}
					if i%groupPages == groupPages-1 || i == len(made)-1 {
						report, err := l.Commit(&batch)
						if err != nil {
							b.Fatal(err)
						}
						counted += report.Count(Counted)
						batch.Items = batch.Items[:0]
					}
				}
				b.StopTimer()
				records(b, cpuTime()-cpu)
				require.Equal(b, len(made)*pageRecords, counted)
				b.ReportMetric(float64(l.Stats().Series), "series")
			})
		}
	}
}

// jsonRecord is what a plain client would decode.
type jsonRecord struct {
	KeyID            uint64   `json:"keyId"`
	CallSessionID    string   `json:"callSessionId"`
	Called           string   `json:"called"`
	EncryptCalled    string   `json:"encryptCalled"`
	Caller           string   `json:"caller"`
	Region           string   `json:"region"`
	CCode            string   `json:"ccode"`
	SeatName         string   `json:"seatName"`
	SIPGroupName     string   `json:"sipGroupName"`
	VoiceGroupID     int64    `json:"voiceGroupId"`
	BrandID          int64    `json:"brandId"`
	BrandName        string   `json:"brandName"`
	CallType         int64    `json:"callType"`
	HangupReason     int64    `json:"hangupReason"`
	HangingDirection int64    `json:"hangingDirection"`
	HangupCode       string   `json:"hangupCode"`
	ErrorReason      string   `json:"errorReason"`
	CallDuration     int64    `json:"callDuration"`
	RingDuration     int64    `json:"ringDuration"`
	CallStart        string   `json:"callStartTime"`
	Answer           string   `json:"calledAnswerTime"`
	Hangup           string   `json:"calledHangupTime"`
	Create           string   `json:"createTime"`
	Update           string   `json:"updateTime"`
	Labels           []string `json:"labelNameList"`
	MediaDetected    string   `json:"mediaDetected"`
}

// cpuTime is the processor time that the process has used, the kernel's on its behalf included.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
