// The bare splice once more in Go, with its standard library alone: sockets, frames by hand, base64 sliced between two
// known positions. As ../bare-splice.ts it checks nothing and keeps nothing.
//
//	go-splice MODEL_URL   prints {"port": …} when it listens on 127.0.0.1
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"sync"
)

const (
	update = `{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcmu"},` +
		`"turn_detection":{"type":"server_vad","silence_duration_ms":500,"create_response":true,"interrupt_response":true}},` +
		`"output":{"format":{"type":"audio/pcmu"}}}}}`
	guid      = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	deltaHead = 160
)

var (
	payloadKey = []byte(`"payload":"`)
	sidKey     = []byte(`"streamSid":"`)
	deltaType  = []byte(`"type":"response.output_audio.delta"`)
	deltaKey   = []byte(`"delta":"`)
	appendHead = []byte(`{"type":"input_audio_buffer.append","audio":"`)
	appendTail = []byte(`"}`)
	mediaTail  = []byte(`"}}`)
)

type wire struct {
	net.Conn
	reader *bufio.Reader
	masks  bool
	out    []byte
	lock   sync.Mutex
}

func newWire(conn net.Conn, masks bool) *wire {
	return &wire{Conn: conn, reader: bufio.NewReaderSize(conn, 16384), masks: masks}
}

// send writes the parts as one text message.
func (w *wire) send(parts ...[]byte) {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	maskBit := byte(0)
	if w.masks {
		maskBit = 0x80
	}
	out := append(w.out[:0], 0x81)
	switch {
	case length < 126:
		out = append(out, maskBit|byte(length))
	case length < 65536:
		out = binary.BigEndian.AppendUint16(append(out, maskBit|126), uint16(length))
	default:
		out = binary.BigEndian.AppendUint64(append(out, maskBit|127), uint64(length))
	}
	var mask [4]byte
	if w.masks {
		rand.Read(mask[:])
		out = append(out, mask[:]...)
	}
	from := len(out)
	for _, part := range parts {
		out = append(out, part...)
	}
	if w.masks {
		body := out[from:]
		for i := range body {
			body[i] ^= mask[i&3]
		}
	}
	w.out = out
	w.Write(out)
}

// read gives one whole message, which is valid until the next call.
func (w *wire) read(into []byte) (opcode byte, message []byte, err error) {
	var head [8]byte
	if _, err = io.ReadFull(w.reader, head[:2]); err != nil {
		return
	}
	opcode = head[0] & 0x0f
	masked, length := head[1]&0x80 != 0, uint64(head[1]&0x7f)
	if length == 126 {
		_, err = io.ReadFull(w.reader, head[:2])
		length = uint64(binary.BigEndian.Uint16(head[:2]))
	} else if length == 127 {
		_, err = io.ReadFull(w.reader, head[:8])
		length = binary.BigEndian.Uint64(head[:8])
	}
	var mask [4]byte
	if masked && err == nil {
		_, err = io.ReadFull(w.reader, mask[:])
	}
	if err != nil {
		return
	}
	if uint64(cap(into)) < length {
		into = make([]byte, length)
	}
	message = into[:length]
	_, err = io.ReadFull(w.reader, message)
	if masked {
		for i := range message {
			message[i] ^= mask[i&3]
		}
	}
	return
}

func between(message, key []byte) []byte {
	at := bytes.Index(message, key)
	if at < 0 {
		return nil
	}
	rest := message[at+len(key):]
	if end := bytes.IndexByte(rest, '"'); end >= 0 {
		return rest[:end]
	}
	return nil
}

// header reads an HTTP head and gives one of its fields.
func header(reader *bufio.Reader, name string) (string, error) {
	found := ""
	for {
		line, err := reader.ReadString('\n')
		if err != nil || line == "\r\n" {
			return found, err
		}
		if len(line) > len(name) && bytes.EqualFold([]byte(line[:len(name)]), []byte(name)) {
			found = string(bytes.TrimSpace([]byte(line[len(name)+1:])))
		}
	}
}

func openModel(model *url.URL) (*wire, error) {
	conn, err := net.Dial("tcp", model.Host)
	if err != nil {
		return nil, err
	}
	w := newWire(conn, true)
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", model.Path, model.Host)
	_, err = header(w.reader, "Sec-WebSocket-Accept")
	return w, err
}

func bridge(conn net.Conn, url *url.URL) {
	defer conn.Close()
	caller := newWire(conn, false)
	key, err := header(caller.reader, "Sec-WebSocket-Key")
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(key + guid))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	model, err := openModel(url)
	if err != nil {
		return
	}
	defer model.Close()
	model.send([]byte(update))
	named := make(chan []byte, 1)
	go func() {
		defer conn.Close()
		var head []byte
		buffer := make([]byte, 16384)
		for {
			opcode, message, err := model.read(buffer)
			if err != nil {
				return
			}
			if opcode != 1 || !bytes.Contains(message[:min(deltaHead, len(message))], deltaType) {
				continue
			}
			if head == nil {
				head = []byte(`{"event":"media","streamSid":"` + string(<-named) + `","media":{"payload":"`)
			}
			caller.send(head, between(message, deltaKey), mediaTail)
		}
	}()
	isNamed := false
	buffer := make([]byte, 4096)
	for {
		opcode, message, err := caller.read(buffer)
		if err != nil || opcode == 8 {
			return
		}
		if payload := between(message, payloadKey); payload != nil {
			model.send(appendHead, payload, appendTail)
		} else if sid := between(message, sidKey); sid != nil && !isNamed {
			isNamed = true
			named <- bytes.Clone(sid)
		}
	}
}

func main() {
	model, err := url.Parse(os.Args[1])
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("{\"port\": %d}\n", listener.Addr().(*net.TCPAddr).Port)
	for {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go bridge(conn, model)
	}
}
