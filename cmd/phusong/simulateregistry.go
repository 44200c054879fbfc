package main

import (
	"fmt"
	"path/filepath"
	"time"

	"phusong/simulator"
)

// registryCmd writes the files that a clerk would keep of the simulated province,
// for a service that is to know the simulated devices.
type registryCmd struct {
	worldFlags
	Out string `default:"registry" placeholder:"FOLDER" help:"Folder for the files. What is there already stays."`
}

// Run writes the registry of the world that the same flags make `simulate` play.
func (c *registryCmd) Run(p *process) error {
	options, err := c.options(time.Now())
	if err != nil {
		return err
	}
	world, err := simulator.New(options)
	if err != nil {
		return err
	}
	files, err := writeRegistry(c.Out, world)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%d areas, %d sites and %d devices in %s\n",
		len(world.Areas()), len(world.Sites()), len(world.Devices()), filepath.Dir(files.Sites))
	return err
}
