import Glibc
import Testing

@testable import Sandbox

@Suite struct TCPProxyTests {
  @Test func relaysBothWaysAndPassesEndsOn() async throws {
    try await withProxy { proxy, acceptor in
      let (client, server) = try await link(proxy, acceptor)
      try await client.send("question")
      #expect(try await server.waitForSomething() == .text("question"))
      shutdown(client.socket.descriptor, Int32(SHUT_WR))
      #expect(try await server.waitForSomething() == .end)
      try await server.send("answer")
      #expect(try await client.waitForSomething() == .text("answer"))
      server.socket.close()
      #expect(try await client.waitForSomething() == .end)
      try await eventually("the link to be forgotten") { await proxy.connections == 0 }
      client.socket.close()
    }
  }

  @Test func relaysMoreThanItsBuffersHold() async throws {
    try await withProxy { proxy, acceptor in
      let (client, server) = try await link(proxy, acceptor)
      // A period that no buffer's size is a multiple of, so that a lost or repeated piece shows.
      let text = String(repeating: "0123456789abcdefghijklmnopqrstuvwxyz!", count: 200_000)
      async let sent: Void = client.send(text)
      var received = ""
      while received.utf8.count < text.utf8.count {
        if case .text(let part) = try await server.waitForSomething() { received += part }
      }
      try await sent
      #expect(received == text)
      client.socket.close()
      server.socket.close()
    }
  }

  @Test func cutResetsBothSidesAndServesTheNext() async throws {
    try await withProxy { proxy, acceptor in
      let (client, server) = try await link(proxy, acceptor)
      await proxy.cut()
      #expect(try await client.waitForSomething() == .reset)
      #expect(try await server.waitForSomething() == .reset)
      let (next, _) = try await link(proxy, acceptor)
      try await next.send("again")
      #expect(await proxy.connections == 1)
    }
  }

  @Test func refuseIsConnectionRefusedUntilResumed() async throws {
    try await withProxy { proxy, acceptor in
      let (client, _) = try await link(proxy, acceptor)
      await proxy.refuse()
      #expect(try await client.waitForSomething() == .reset)
      #expect(throws: SandboxError.system(call: "connect to port \(proxy.port)", code: ECONNREFUSED)) {
        try LoopbackSocket().connect(to: proxy.port)
      }
      await proxy.resume()
      _ = try await link(proxy, acceptor)
    }
  }

  @Test func swallowedConnectionsAreMuteForEver() async throws {
    try await withProxy { proxy, acceptor in
      let (client, server) = try await link(proxy, acceptor)
      await proxy.swallow()
      try await client.send("lost")
      try await server.send("lost too")
      let late = try Peer.connect(to: proxy.port)
      try await late.send("hello?")
      #expect(await proxy.connections == 0)
      await proxy.resume()

      // A new connection's bytes went through after the lost ones were read: those are not merely late.
      let (next, nextServer) = try await link(proxy, acceptor)
      try await client.send("still lost")
      try await next.send("heard")
      #expect(try await nextServer.waitForSomething() == .text("heard"))
      #expect(server.look() == .nothing)
      #expect(client.look() == .nothing)
      #expect(late.look() == .nothing)

      // Nor does the other side learn that one has gone.
      client.socket.close()
      try await next.send("round")
      #expect(try await nextServer.waitForSomething() == .text("round"))
      #expect(server.look() == .nothing)
      await proxy.cut()
      #expect(try await server.waitForSomething() == .reset)
    }
  }

  @Test func delayHoldsEveryByteBack() async throws {
    try await withProxy { proxy, acceptor in
      let (client, server) = try await link(proxy, acceptor)
      await proxy.delay(.milliseconds(150))
      let start = ContinuousClock.now
      try await client.send("slow")
      #expect(try await server.waitForSomething() == .text("slow"))
      try await server.send("slow too")
      #expect(try await client.waitForSomething() == .text("slow too"))
      let roundTrip = ContinuousClock.now - start
      #expect(roundTrip >= .milliseconds(300))
      await proxy.delay(.zero)
      try await client.send("fast")
      #expect(try await server.waitForSomething() == .text("fast"))
    }
  }

  @Test func aDeadServerIsAResetConnection() async throws {
    try await withProxy { proxy, acceptor in
      acceptor.close()
      let client = try Peer.connect(to: proxy.port)
      #expect(try await client.waitForSomething() == .reset)
    }
  }

  private func link(_ proxy: TCPProxy, _ acceptor: Acceptor) async throws -> (Peer, Peer) {
    let client = try Peer.connect(to: proxy.port)
    return (client, try await acceptor.accept())
  }

  private func withProxy(_ body: (TCPProxy, Acceptor) async throws -> Void) async throws {
    let acceptor = try Acceptor()
    let proxy = try await TCPProxy.start(to: acceptor.port)
    try await body(proxy, acceptor)
    await proxy.stop()
    #expect(throws: SandboxError.self) { try LoopbackSocket().connect(to: proxy.port) }
  }
}
