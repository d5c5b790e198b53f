package itnio

import (
	"fmt"
	"strings"
	"time"
)

const (
	testKey    = "bDqJFiq9"
	testSecret = "7bz1lzh9"
	testSign   = "05d7a50893e22a5c4bb3216ae3396c7c"
)

func beijing() *time.Location { return time.FixedZone("+08:00", 8*60*60) }

// vendorRow is the row of the vendor's page, its calledInfo escaped.
//
//nolint:misspell // as it stands there
const vendorRow = `{
"keyId": 50180345,
"callSessionId": "25010316113064799",
"called": null,
"encryptCalled": "8613242926514",
"calledInfo": "{\"calledInfo1\":null,\"calledInfo5\":null,\"calledInfo10\":null,\"calledInfo4\":null,\"calledInfo3\":null,\"calledInfo2\":null,\"calledInfo9\":null,\"calledInfo8\":null,\"calledInfo7\":null,\"calledInfo6\":null}",
"caller": "8613200000003",
"region": null,
"seatName": "seatName",
"sipGroupName": "tele-basic-test",
"callDuration": 47,
"callType": 3,
"hangupReason": 1,
"hangupCode": "1",
"callStartTime": "2025-01-03 16:10:39",
"calledAnswerTime": "2025-01-03 16:10:43",
"calledHangupTime": "2025-01-03 16:11:30",
"voiceUrl": "agent-call-record-250103/25010316113064799.wav",
"voiceUrlList": ["agent-call-record-250103/25010316113064799.wav"],
"createTime": "2025-01-03 16:11:30",
"updateTime": "2025-01-03 16:11:30",
"ccode": "86(China)",
"hangingDirection": 1,
"labelName": "[]",
"labelNameList": [],
"remark": "11111",
"callId": "250103161038410100100",
"brandId": 101,
"brandName": "ITNIO",
"errorReason": "sucess call(200)",
"ringDuration": 4,
"mediaDetected": null
}`

func envelope(data string) string { return `{"status":0,"reason":"success","data":` + data + `}` }

func pageOf(total int, rows ...string) string {
	return envelope(fmt.Sprintf(`{"total":%d,"size":50,"current":1,"searchCount":true,"pages":1,"records":[%s]}`,
		total, strings.Join(rows, ",")))
}

// fullPage is a page of 100 different rows.
func fullPage() []byte {
	rows := make([]string, 100)
	for i := range rows {
		row := strings.Replace(vendorRow, "50180345", fmt.Sprint(50180345+i), 1)
		row = strings.ReplaceAll(row, "25010316113064799", fmt.Sprint(25010316113064799+i*7919))
		row = strings.Replace(row, "seatName\",", fmt.Sprintf("agent %d\",", i%17), 1)
		row = strings.Replace(row, "16:10:43", fmt.Sprintf("16:10:%02d", 43+i%10), 1)
		rows[i] = strings.ReplaceAll(row, "\n", "")
	}
	return []byte(pageOf(5000, rows...))
}
