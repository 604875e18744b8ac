import Glibc
import LDAPModel
import Reactor
import Sandbox
import Testing

@testable import LDAP

/// Requests as they leave, on a socket pair instead of a server.
@Suite struct RequestTests {
  /// A session without a server, and the other end of its wire.
  @Reactor
  private static func unconnected() async throws -> (session: LDAPSession, peer: Int32) {
    #expect(await Reactor.blocking { Library.isReady })
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
    #expect(unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0)
    var size: Int32 = 1 << 20
    _ = unsafe setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, 4)
    var options = LDAPOptions(url: "ldap://nowhere")
    options.maximumMessageSize = .max
    guard let handle = Handle.over(Wire(ends[0]), url: options.url, largest: options.largestAnswer) else {
      throw Unexpected()
    }
    return (LDAPSession(options, handle), ends[1])
  }

  /// The octets that have arrived at the peer.
  private static func octets(_ peer: Int32) -> Int {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    return max(0, unsafe recv(peer, &bytes, bytes.count, 0))
  }

  /// Whether any have arrived; they stay.
  private static func hasOctets(_ peer: Int32) -> Bool {
    var octet: UInt8 = 0
    return unsafe recv(peer, &octet, 1, Int32(MSG_PEEK)) == 1
  }

  private static func operation(_ random: inout SystemRandomNumberGenerator) -> LDAPModel.Operation {
    func text(_ upTo: Int) -> String {
      String(
        (0..<Int.random(in: 0...upTo, using: &random)).map { _ in "abcé日".randomElement(using: &random) ?? "x"
        })
    }
    func values() -> [AttributeValue] {
      (0..<Int.random(in: 0...4, using: &random)).map { _ in
        AttributeValue(bytes: Array(repeating: 0, count: Int.random(in: 0...300, using: &random)))
      }
    }
    let dn = DistinguishedName(unchecked: "cn=" + text(200))
    let count = 0..<Int.random(in: 1...12, using: &random)
    switch Int.random(in: 0...3, using: &random) {
    case 0: return .add(dn, count.map { _ in Attribute("a" + text(20), values()) })
    case 1:
      let kinds: [Modification.Kind] = [.add, .delete, .replace]
      return .modify(dn, count.map { Modification(kinds[$0 % 3], "a" + text(20), values()) })
    case 2:
      return .rename(
        dn, to: RelativeDistinguishedName("cn", AttributeValue(text(100))),
        deleteOld: .random(using: &random),
        newParent: .random(using: &random) ? dn : nil)
    default: return .delete(dn)
    }
  }

  @Test func theReckonedSizeIsNeverTooSmallAndNearTheTruth() async throws {
    try await Reactor.run {
      let (session, peer) = try await RequestTests.unconnected()
      var random = SystemRandomNumberGenerator()
      for _ in 0..<500 {
        let operation = RequestTests.operation(&random)
        session.send(operation) { _ in }
        #expect(session.handle?.wire.flush() == true)
        let sent = RequestTests.octets(peer)
        let reckoned = RequestSize(operation).encoded
        #expect(sent > 0 && sent <= reckoned, "\(operation)")
        // What is added is headers, a few octets each; it matters only near the limit.
        #expect(reckoned - sent < 1200, "\(operation)")
      }
      #expect(session.outstanding == 500)
      session.close()
      close(peer)
    }
  }

  @Test func aWindowLeavesInOneWrite() async throws {
    try await Reactor.run {
      let (session, peer) = try await RequestTests.unconnected()
      for number in 0..<64 { session.send(.delete(personDN("u\(number)"))) { _ in } }
      #expect(RequestTests.octets(peer) == 0, "nothing may leave before the turn ends")
      let size = RequestSize(.delete(personDN("u1"))).encoded
      try await eventually("it leaves") { RequestTests.octets(peer) > 64 * (size - 40) }
      session.close()
      close(peer)
    }
  }

  /// What was cut off in the middle of a message must not be continued with another one.
  @Test func nothingLeavesAfterALoss() async throws {
    try await Reactor.run {
      let (session, peer) = try await RequestTests.unconnected()
      let large = AttributeValue(bytes: Array(repeating: 65, count: 8 << 20))
      let end = Ending(session)
      session.send(.modify("cn=x", [Modification(.add, "a", [large])])) { _ in }
      // A turn writes as much as the socket takes, so the first octet comes with all that fit.
      try await eventually("it begins to leave") { RequestTests.hasOctets(peer) }
      var sent = 0
      while case let more = RequestTests.octets(peer), more > 0 { sent += more }
      #expect(sent > 0 && sent < 8 << 20)
      // From here to the notice no turn of the loop passes, so that there is room for more to be sent.
      // A notice of disconnection (RFC 4511 section 4.4.1) in the middle of the request.
      let name = Array("1.3.6.1.4.1.1466.20036".utf8)
      let response = [0x0A, 1, 52, 4, 0, 4, 0, 0x8A, UInt8(name.count)] + name
      let notice = [0x30, UInt8(response.count + 5), 2, 1, 0, 0x78, UInt8(response.count)] + response
      #expect(unsafe send(peer, notice, notice.count, 0) == notice.count)
      #expect(await end.error.diagnostic == "the server ends the session with unavailable (52)")
      #expect(RequestTests.octets(peer) == 0)
      close(peer)
    }
  }
}
