"""A web host for tests: TLS on port 443 of one address, answers every path with what it was asked, as JSON.

Usage: echo-web.py ADDRESS CERTIFICATE KEY. A path whose name is a file below /run/echo-web answers 503.
"""
import json, os, socket, ssl, sys, threading

DOWN = "/run/echo-web"


def answer(stream):
    text = b""
    while b"\r\n\r\n" not in text:
        part = stream.recv(65536)
        if not part:
            return
        text += part
    first, *lines = text.split(b"\r\n\r\n")[0].decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = [line.partition(": ")[::2] for line in lines]
    down = os.path.isfile(DOWN + path.partition("?")[0])
    body = json.dumps({"method": method, "path": path, "headers": [[n.lower(), v] for n, v in headers]}).encode()
    head = "HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    stream.sendall((head % ("503 Down" if down else "200 OK", len(body))).encode() + body)


def serve(raw):
    try:
        with context.wrap_socket(raw, server_side=True) as stream:
            answer(stream)
    except OSError:
        pass


address, certificate, key = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listener = socket.create_server((address, 443), backlog=64)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
