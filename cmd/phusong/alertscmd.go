package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"phusong/alerts/desk"
	"phusong/telemetry"
)

type alertsCmd struct {
	List    listAlertsCmd   `cmd:"" help:"List the alerts that fire."`
	Ack     ackAlertCmd     `cmd:"" help:"Take an alert in hand for a while; then it is told again."`
	Release releaseAlertCmd `cmd:"" help:"Take an alert out of hand before its time."`
	Assign  assignAlertCmd  `cmd:"" help:"Give an alert to somebody."`
	Comment commentAlertCmd `cmd:"" help:"Write something about an alert."`
	History historyAlertCmd `cmd:"" help:"Show all that rules and people did with an alert."`
}

type maintenanceCmd struct {
	List     listWorkCmd     `cmd:"" help:"List announced work."`
	Announce announceWorkCmd `cmd:"" help:"Announce work: its alerts go on being judged, and nobody is called."`
	End      endWorkCmd      `cmd:"" help:"End announced work before its time."`
}

// whoFlag says who acts.
type whoFlag struct {
	dataFlag
	Who string `env:"PHUSONG_WHO" help:"Who does it; by default the user of this machine."`
}

func (f *whoFlag) name() string {
	if f.Who != "" {
		return f.Who
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// ask speaks to the running service; only it knows.
func (f *dataFlag) ask(p *process, method, path string, body, into any) error {
	config, err := f.load(p)
	if err != nil {
		return err
	}
	var raw []byte
	if body != nil {
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	err = callJSON(p.ctx, &config, method, path, raw, into)
	if errors.Is(err, errNotRunning) {
		return fmt.Errorf("%w; only a running service knows its alerts", err)
	}
	return err
}

type listAlertsCmd struct {
	dataFlag
	All  bool   `help:"Also those that another alert explains, or that are held for maintenance."`
	Area string `help:"Only of this commune."`
}

// Run prints a line for each alert.
func (c *listAlertsCmd) Run(p *process) error {
	var list []alertAnswer
	if err := c.ask(p, http.MethodGet, "/alerts", nil, &list); err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ALERT\tSEVERITY\tNAME\tSUBJECT\tAREA\tSINCE\tTOLD\tIN HAND")
	for i := range list {
		a := &list[i]
		if !c.All && !a.Told || c.Area != "" && a.Place.Area != telemetry.AreaCode(c.Area) {
			continue
		}
		told := "yes"
		if !a.Told {
			told = cmp.Or(string(a.Quiet), "no")
		}
		hand := ""
		if h := a.Handling.Acknowledgement; h != nil && a.Handling.Acknowledged(time.Now()) {
			hand = fmt.Sprintf("%s until %s", h.Who, h.Until.Format(time.RFC3339))
		}
		if a.Handling.Assignee != "" {
			hand = strings.TrimPrefix(hand+", for "+a.Handling.Assignee, ", ")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Severity, a.Name, a.Subject, a.Place.Area, a.Since.Format(time.RFC3339), told, hand)
	}
	return table.Flush()
}

// act does something with an alert and says that it is done.
func (f *whoFlag) act(p *process, id, action string, request actRequest) error {
	request.Who = f.name()
	var h desk.Handling
	if err := f.ask(p, http.MethodPost, "/alerts/"+url.PathEscape(id)+"/"+action, request, &h); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "done: %s %s\n", action, id)
	return err
}

type ackAlertCmd struct {
	whoFlag
	ID   string        `arg:"" help:"The alert, as in phusong alerts list."`
	For  time.Duration `default:"2h" help:"How long; at most a week."`
	Text string        `help:"What is being done."`
}

// Run acknowledges.
func (c *ackAlertCmd) Run(p *process) error {
	return c.act(p, c.ID, "acknowledge", actRequest{Text: c.Text, Until: time.Now().Add(c.For)})
}

type releaseAlertCmd struct {
	whoFlag
	ID   string `arg:"" help:"The alert."`
	Text string `help:"Why."`
}

// Run releases.
func (c *releaseAlertCmd) Run(p *process) error {
	return c.act(p, c.ID, "release", actRequest{Text: c.Text})
}

type assignAlertCmd struct {
	whoFlag
	ID   string `arg:"" help:"The alert."`
	To   string `required:"" help:"To whom."`
	Text string `help:"What is to be done."`
}

// Run assigns.
func (c *assignAlertCmd) Run(p *process) error {
	return c.act(p, c.ID, "assign", actRequest{Text: c.Text, To: c.To})
}

type commentAlertCmd struct {
	whoFlag
	ID   string `arg:"" help:"The alert."`
	Text string `arg:"" help:"What was found."`
}

// Run comments.
func (c *commentAlertCmd) Run(p *process) error {
	return c.act(p, c.ID, "comment", actRequest{Text: c.Text})
}

type historyAlertCmd struct {
	dataFlag
	ID string `arg:"" help:"The alert; also one that is over."`
}

// Run prints a line for each step.
func (c *historyAlertCmd) Run(p *process) error {
	var life []lifeStep
	if err := c.ask(p, http.MethodGet, "/alerts/"+url.PathEscape(c.ID)+"/history", nil, &life); err != nil {
		return err
	}
	if len(life) == 0 {
		return fmt.Errorf("there is no alert %s in the history", c.ID)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, step := range life {
		what := step.What
		if step.To != "" {
			what += " to " + step.To
		}
		if step.Until != nil {
			what += " until " + step.Until.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", step.At.Format(time.RFC3339), step.Who, what, step.Text)
	}
	return table.Flush()
}

type listWorkCmd struct{ dataFlag }

// Run prints a line for each window.
func (c *listWorkCmd) Run(p *process) error {
	var windows []desk.Window
	if err := c.ask(p, http.MethodGet, "/maintenance", nil, &windows); err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WORK\tWHERE\tFROM\tUNTIL\tWEEKLY\tOWNER\tREASON")
	for i := range windows {
		w := &windows[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", w.ID, scopeText(w.Scope), w.From.Format(time.RFC3339), w.Until.Format(time.RFC3339), weeklyText(w.Weekly), w.Owner, w.Reason)
	}
	return table.Flush()
}

func scopeText(s desk.Scope) string {
	switch {
	case s.Device != "":
		return "device " + string(s.Device)
	case s.Site != "":
		return "site " + string(s.Site)
	}
	return "area " + string(s.Area)
}

type announceWorkCmd struct {
	whoFlag
	Device string        `xor:"where" required:"" help:"Work at this device,"`
	Site   string        `xor:"where" required:"" help:"or at this site,"`
	Area   string        `xor:"where" required:"" help:"or in this commune or province."`
	From   string        `placeholder:"TIME" help:"Beginning, such as 2026-12-01T22:00:00+07:00; by default now."`
	For    time.Duration `default:"2h" help:"How long; of recurring work: how long it recurs."`
	Weekly []string      `placeholder:"SPAN" help:"Recurs at these hours of Việt Nam, such as 'Sun 22:00-23:30'; may be given several times."`
	Owner  string        `required:"" help:"Who answers for the work."`
	Reason string        `required:"" help:"What is being done."`
}

// Run announces the work.
func (c *announceWorkCmd) Run(p *process) error {
	from := time.Now()
	if c.From != "" {
		var err error
		if from, err = time.Parse(time.RFC3339, c.From); err != nil {
			return fmt.Errorf("--from is %q: write a time such as 2026-12-01T22:00:00+07:00", c.From)
		}
	}
	window := desk.Window{
		Scope: desk.Scope{Device: telemetry.DeviceID(c.Device), Site: telemetry.SiteID(c.Site), Area: telemetry.AreaCode(c.Area)},
		Owner: c.Owner, Reason: c.Reason, From: from, Until: from.Add(c.For),
	}
	for _, span := range c.Weekly {
		slot, err := parseSpan(span)
		if err != nil {
			return err
		}
		window.Weekly = append(window.Weekly, slot)
	}
	var announced desk.Window
	if err := c.ask(p, http.MethodPost, "/maintenance", windowRequest{Who: c.name(), Window: window}, &announced); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "announced %s: nobody is called for %s until %s\n", announced.ID, scopeText(announced.Scope), announced.Until.Format(time.RFC3339))
	return err
}

type endWorkCmd struct {
	whoFlag
	ID   string `arg:"" help:"The work, as in phusong maintenance list."`
	Text string `help:"What came of it."`
}

// Run ends the work.
func (c *endWorkCmd) Run(p *process) error {
	var ended desk.Window
	if err := c.ask(p, http.MethodPost, "/maintenance/"+url.PathEscape(c.ID)+"/end", actRequest{Who: c.name(), Text: c.Text}, &ended); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, "ended %s\n", c.ID)
	return err
}

// parseSpan reads "Sun 22:00-23:30"; a span whose end is not after its beginning runs
// into the next day.
func parseSpan(text string) (desk.Slot, error) {
	wrong := fmt.Errorf("--weekly is %q: write a day and two times, such as 'Sun 22:00-23:30'", text)
	day, hours, _ := strings.Cut(strings.TrimSpace(text), " ")
	from, to, found := strings.Cut(hours, "-")
	begin, err1 := time.Parse("15:04", strings.TrimSpace(from))
	end, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !found || err1 != nil || err2 != nil {
		return desk.Slot{}, wrong
	}
	length := end.Sub(begin)
	if length <= 0 {
		length += 24 * time.Hour
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(day, d.String()[:3]) || strings.EqualFold(day, d.String()) {
			return desk.Slot{Day: d, FromMinute: begin.Hour()*60 + begin.Minute(), Minutes: int(length.Minutes())}, nil
		}
	}
	return desk.Slot{}, wrong
}

func weeklyText(slots []desk.Slot) string {
	texts := make([]string, len(slots))
	for i, s := range slots {
		end := s.FromMinute + s.Minutes
		texts[i] = fmt.Sprintf("%s %02d:%02d-%02d:%02d", s.Day.String()[:3], s.FromMinute/60, s.FromMinute%60, end/60%24, end%60)
	}
	return strings.Join(texts, ", ")
}
