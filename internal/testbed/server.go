package testbed

// Server is a program that can be stopped and started again on the same port with the same data, as
// its operators would do. Exactly one goroutine, the test's, uses it.
type Server struct {
	t       TB
	command Command
	ready   func() error
	process *Process // nil while stopped
}

func newServer(t TB, command Command, ready func() error) *Server {
	t.Helper()
	s := &Server{t: t, command: command, ready: ready}
	s.Start()
	// Registered after the process's own cleanup, so it runs before: a proper end where one is possible.
	t.Cleanup(s.Stop)
	return s
}

// Start starts the server and returns when it answers. Starting a running server fails the test.
func (s *Server) Start() {
	s.t.Helper()
	if s.process != nil {
		s.t.Fatalf("starting %s: it runs already", s.command.Name)
	}
	s.process = Run(s.t, s.command)
	if err := s.process.awaitReady(s.ready); err != nil {
		s.t.Fatalf("starting %s: %v", s.command.Name, err)
	}
}

// Stop ends the server with SIGTERM, so that it saves what it wants to save, and waits until it is
// gone. Stopping a stopped server does nothing.
func (s *Server) Stop() {
	s.t.Helper()
	if s.process != nil {
		s.process.Terminate()
		s.process = nil
	}
}

// Kill ends the server with SIGKILL, so that it saves nothing, and waits until it is gone.
func (s *Server) Kill() {
	s.t.Helper()
	if s.process != nil {
		s.process.Kill()
		s.process = nil
	}
}

// PID returns the process id of the running server, 0 while it is stopped.
func (s *Server) PID() int {
	if s.process == nil {
		return 0
	}
	return s.process.PID()
}
