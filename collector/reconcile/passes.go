package reconcile

// Live starts a pass over the lookback. now is the server's time, in Unix seconds; nothing before floor is asked for.
func (s *State) Live(now, floor int64) *Pass {
	s.setBack(now)
	s.start(now, floor)
	p := s.newPass(Live, now, floor)
	s.advance(now)
	from := s.cellStart(max(s.swept, now-s.set.Lookback, floor))
	if from < s.frontier.from {
		for _, w := range s.row.holes(Window{from, s.frontier.from}) {
			if at := alignDown(now-filling, 64); w.From < at && at < w.To { // the two parts are walked differently
				p.push(&task{kind: taskRead, win: Window{w.From, at}})
				w.From = at
			}
			p.push(&task{kind: taskRead, win: w})
		}
		p.questions(from, s.frontier.from)
	}
	p.push(&task{kind: taskFrontier})
	p.order()
	return p
}

// cellStart is the start of the cell that has at in it; at if there is none.
func (s *State) cellStart(at int64) int64 {
	if i := s.row.from(at); i < len(s.row.cells) {
		return min(at, s.row.cells[i].From)
	}
	return at
}

// Audit starts a pass over the horizon.
func (s *State) Audit(now, floor int64) *Pass {
	p := s.newPass(Audit, now, floor)
	if s.lastTry != 0 { // the first one goes by what was known before the start
		s.unlimit()
	}
	if s.lastTry == s.audits[0] {
		// Something can have been hidden in a cell right after it was read. Only an audit that repeats one that failed spares what was read
		// lately, so that it gets further.
		p.rereadBefore = now
	}
	s.lastTry = now
	s.trust.look(now)
	from := max(s.cellStart(max(now-s.set.Horizon, floor)), floor)
	for _, hole := range s.row.holes(Window{from, max(from, s.swept)}) { // what was not read before
		for _, w := range chunks(hole, s.widest()) {
			p.push(&task{kind: taskRead, win: w})
		}
	}
	p.questions(from, s.swept)
	for i := s.row.from(s.swept); i < len(s.row.cells); i++ {
		if c := &s.row.cells[i]; c.kind == cellGap { // polls do not try it
			p.push(&task{kind: taskRead, win: c.Window})
		}
	}
	if reach := s.frontier.ahead; reach > 0 {
		for at := now + reach; at < now+day; at += reach {
			p.push(&task{kind: taskRead, win: Window{at, min(at+reach, now+day)}, ahead: true})
		}
	}
	s.frontier.ahead = day // tried again by the next poll
	p.order()
	return p
}

// audited notes a complete audit.
func (s *State) audited(begun int64) { s.audits = [2]int64{begun, s.audits[0]} }

// AuditDue reports whether it is time for an audit. One that did not complete is repeated after a sixth of the interval.
func (s *State) AuditDue(now int64) bool {
	return s.lastTry == 0 || now-s.audits[0] >= s.set.AuditInterval && now-s.lastTry >= s.set.AuditInterval/6
}

// Sweep starts a pass that reads each window in full that has left the lookback, the oldest first.
func (s *State) Sweep(now, floor int64) *Pass {
	p := s.newPass(Sweep, now, floor)
	s.start(now, floor)
	s.swept = max(s.swept, floor)
	s.sweepOn()
	return p
}

// sweepOn moves swept forward over the cells that were read since they left the lookback.
func (s *State) sweepOn() {
	for i := s.row.from(s.swept); i < len(s.row.cells); i++ {
		c := &s.row.cells[i]
		if c.From > s.swept || s.unswept(c) {
			return
		}
		s.swept = c.To
	}
}

// moreToSweep pushes the oldest window that is to be swept. It returns false if there is none.
func (p *Pass) moreToSweep() bool {
	s := p.s
	if len(s.refused) > 0 {
		return false // the next answer decides whether it becomes a gap
	}
	limit := p.now - s.set.Lookback
	end := limit
	if i := s.row.from(s.swept); i < len(s.row.cells) {
		c := &s.row.cells[i]
		if c.From <= s.swept {
			if c.To > limit {
				return false
			}
			p.push(&task{kind: taskRead, win: c.Window})
			return true
		}
		end = min(end, c.From)
	}
	if end <= s.swept {
		return false
	}
	p.push(&task{kind: taskRead, win: Window{s.swept, min(end, s.swept+s.widest())}})
	return true
}
