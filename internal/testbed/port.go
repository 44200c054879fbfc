package testbed

import (
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range the kernel gives to outgoing connections. Inside it, a
// client that dials a stopped server again and again can get the server's own port as its source
// and connect to itself, and the restarted server finds its port taken.
const (
	firstPort = 20000
	lastPort  = 32000
)

// Port reserves a free loopback TCP port until the test ends, also while nothing listens on it: a
// server can be stopped and started again on the same port. Parallel tests and parallel test
// processes get different ports.
func Port(t TB) int {
	t.Helper()
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if reservation, ok := reserve(port); ok {
			t.Cleanup(func() { _ = reservation.Close() })
			return port
		}
	}
	t.Fatalf("no free loopback port between %d and %d", firstPort, lastPort)
	return 0
}

// Addr reserves a port as [Port] does and returns it as "127.0.0.1:port".
func Addr(t TB) string {
	t.Helper()
	return loopback(Port(t))
}

// GossipAddr reserves an address for a server that listens on TCP and on UDP, as those of a cluster do.
// It is of the same port on the loopback's second address, for the reservation itself holds the UDP
// port on the first.
func GossipAddr(t TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.2", strconv.Itoa(Port(t)))
}

// reserve takes the UDP port of the same number as a mutex. The two number spaces are independent,
// so the TCP port stays free for the server, and the kernel drops the reservation with our process.
func reserve(port int) (*net.UDPConn, bool) {
	ip := net.IPv4(127, 0, 0, 1)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: ip, Port: port})
	if err != nil {
		return nil, false
	}
	tcp, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: ip, Port: port})
	if err != nil {
		_ = udp.Close()
		return nil, false
	}
	_ = tcp.Close()
	return udp, true
}

func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
