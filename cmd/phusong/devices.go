package main

import (
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"phusong/dashboards"
)

type devicesCmd struct {
	dataFlag
	Unregistered bool   `help:"Only devices that send readings and are in no register."`
	State        string `enum:",up,silent,offline,unknown,retired" default:"" help:"Only devices in this state: up, silent, offline, unknown or retired."`
}

// Run prints a table of the devices.
func (c *devicesCmd) Run(p *process) error {
	config, err := c.load(p)
	if err != nil {
		return err
	}
	var all []dashboards.DeviceState
	err = callJSON(p.ctx, &config, http.MethodGet, "/devices", nil, &all)
	if errors.Is(err, errNotRunning) {
		return fmt.Errorf("%w; only a running service knows", err)
	}
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DEVICE\tKIND\tAREA\tSITE\tSTATE\tLAST SEEN")
	for _, d := range all {
		if c.Unregistered && d.Registered || c.State != "" && d.State != c.State {
			continue
		}
		site, seen := string(d.Device.Site), "never"
		if !d.Registered {
			site = "unregistered"
		}
		if !d.LastSeen.IsZero() {
			seen = d.LastSeen.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", d.Device.ID, d.Device.Kind, d.Device.Area, site, d.State, seen)
	}
	return table.Flush()
}
