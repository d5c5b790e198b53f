package itnio

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkDecodePage decodes a page of 100 records. encoding/json, into a struct of the same fields, is the yardstick
// of the same run.
func BenchmarkDecodePage(b *testing.B) {
	body := fullPage()
	report := func(b *testing.B) {
		b.ReportAllocs()
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	}
	b.Run("itnio", func(b *testing.B) {
		d := newDecoder(beijing())
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			if a, err := d.decode(body); err != nil || len(a.page.Records) != 100 {
				b.Fatal(err)
			}
		}
		report(b)
	})
	b.Run("encoding_json", func(b *testing.B) {
		type row struct {
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
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			var a struct {
				Status int
				Reason string
				Data   struct {
					Total, Size, Current int
					Records              []row
				}
			}
			if err := json.Unmarshal(body, &a); err != nil || len(a.Data.Records) != 100 {
				b.Fatal(err)
			}
		}
		report(b)
	})
}

// BenchmarkRepair repairs hostile answers of two sizes: the bytes read a second do not depend on the size.
func BenchmarkRepair(b *testing.B) {
	for name, unit := range map[string]string{
		"quotes":   `"`,
		"members":  `","a":"`,
		"brackets": `"}]`,
		"lists":    `","a":["b"c"],"d":"`,
		"blanks":   " \n",
		"records":  `"},{"keyId":"`,
		"open":     `[{` + "\n",
	} {
		for _, size := range []int{1 << 18, 1 << 21} {
			body := []byte(threeRows(strings.Repeat(unit, size/len(unit))+`"x`, "x"))
			b.Run(fmt.Sprint(name, "/", size), func(b *testing.B) {
				d := newDecoder(beijing())
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					_, _ = d.decode(body)
				}
			})
		}
	}
}
