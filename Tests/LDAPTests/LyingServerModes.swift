import Sandbox
import Testing

/// A way in which a server is broken or lies, and what is said of it.
struct LyingMode: Sendable, CustomTestStringConvertible {
  enum Question: Sendable {
    case search, page, write, identity
  }

  let name: String
  let question: Question
  /// A part of the error's text; nil: the operation succeeds.
  let said: String?
  let answer: @Sendable (LDAPRequest) -> LyingServer.Answer

  var testDescription: String { name }

  init(
    _ name: String, _ question: Question, _ said: String?,
    _ answer: @escaping @Sendable (LDAPRequest) -> LyingServer.Answer
  ) {
    self.name = name
    self.question = question
    self.said = said
    self.answer = answer
  }

  static let breaks = "the server breaks the protocol"
  static let mute = "no answer to"

  static let all = messages + kinds + results + pages

  /// What is no message, or not the one that was asked for.
  static let messages = [
    LyingMode("another message id", .write, mute) { .send(LDAPOctets.result($0.id + 1000, tag: 0x69)) },
    LyingMode("message id below zero", .write, mute) { _ in .send(LDAPOctets.result(-7, tag: 0x69)) },
    LyingMode("message id 0", .write, mute) { _ in .send(LDAPOctets.result(0, tag: 0x69)) },
    LyingMode("entry with id 0", .search, mute) { _ in .send(LDAPOctets.entry(0, "uid=x," + base)) },
    LyingMode("message id of nine octets", .search, breaks) { _ in
      .send(LDAPOctets.element(0x30, LDAPOctets.element(0x02, [UInt8](repeating: 1, count: 9))))
    },
    LyingMode("half a message, then silence", .search, mute) {
      .send(LDAPOctets.entry($0.id, "uid=x," + base).dropLast(3).map(\.self))
    },
    LyingMode("half a message, then the end", .search, "the server has closed the connection") {
      .sendAndClose(LDAPOctets.entry($0.id, "uid=x," + base).dropLast(3).map(\.self))
    },
    LyingMode("a length of 4 GiB", .search, breaks) { _ in .send([0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x02, 0x01]) },
    LyingMode("a length of 2 GiB", .search, breaks) { _ in .send([0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x02, 0x01]) },
    LyingMode("a length of 2^64", .search, breaks) { _ in .send([0x30, 0x88] + [UInt8](repeating: 0xFF, count: 16)) },
    LyingMode("an indefinite length", .search, breaks) { _ in .send([0x30, 0x80] + [UInt8](repeating: 0, count: 16)) },
    LyingMode("another protocol", .search, mute) { _ in .send(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) },
    LyingMode("zeros", .search, breaks) { _ in .send([UInt8](repeating: 0, count: 64)) },
    LyingMode("0xFF", .search, breaks) { _ in .send([UInt8](repeating: 0xFF, count: 64)) },
    LyingMode("lengths within that lead outside", .search, breaks) { request in
      var octets = LDAPOctets.entry(request.id, "uid=x," + base, [("cn", ["x"])])
      octets[8] = 0x7E
      return .send(octets)
    },
    LyingMode("a flood of answers to nothing", .search, "octets that belong to no request") { request in
      let octets = [UInt8]((0..<2000).flatMap { LDAPOctets.result(100_000 + $0, tag: 0x65) })
      return .stream { _ in octets }
    },
  ]

  /// Answers of another kind, or that nobody asked for.
  static let kinds = [
    LyingMode("a search's end for a write", .write, breaks) { .send(LDAPOctets.result($0.id, tag: 0x65)) },
    LyingMode("a delete's end for an add", .write, breaks) { .send(LDAPOctets.result($0.id, tag: 0x6B)) },
    LyingMode("an entry for a write", .write, breaks) { .send(LDAPOctets.entry($0.id, "uid=x," + base)) },
    LyingMode("an add's end for a search", .search, breaks) { .send(LDAPOctets.result($0.id, tag: 0x69)) },
    LyingMode("a bind's end for a search", .search, breaks) { .send(LDAPOctets.result($0.id, tag: 0x61)) },
    LyingMode("a search's end for an identity", .identity, breaks) { .send(LDAPOctets.result($0.id, tag: 0x65)) },
    LyingMode("an unknown kind", .search, breaks) { .send(LDAPOctets.result($0.id, tag: 0x7E)) },
    LyingMode("the end twice", .search, nil) {
      .send(LDAPOctets.result($0.id, tag: 0x65) + LDAPOctets.result($0.id, tag: 0x65))
    },
    LyingMode("entries behind the end", .search, nil) {
      .send(LDAPOctets.result($0.id, tag: 0x65) + LDAPOctets.entry($0.id, "uid=x," + base))
    },
    LyingMode("a notification of its own", .search, nil) {
      .send(LDAPOctets.notice(name: "1.2.3.4") + LDAPOctets.result($0.id, tag: 0x65))
    },
    LyingMode("a flood of notifications", .search, "it keeps sending unsolicited messages") { _ in
      let octets = [UInt8]((0..<100).flatMap { _ in LDAPOctets.notice(name: "1.2.3.4") })
      return .stream { _ in octets }
    },
    LyingMode("notice of disconnection", .search, "ends the session with unavailable (52): maintenance") { _ in
      .send(LDAPOctets.notice(diagnostic: "maintenance"))
    },
    LyingMode("references without end", .search, mute) { request in
      let reference = LDAPOctets.message(request.id, LDAPOctets.element(0x73, LDAPOctets.text("ldap://elsewhere/")))
      let octets = [UInt8]((0..<500).flatMap { _ in reference })
      return .stream { _ in octets }
    },
    LyingMode("intermediate answers that are none", .search, breaks) { request in
      let octets = [UInt8]((0..<500).flatMap { _ in LDAPOctets.message(request.id, [0x79, 0x00]) })
      return .stream { _ in octets }
    },
  ]

  /// Results and entries that cannot be.
  static let results = [
    LyingMode("a code below zero", .write, breaks) { .send(LDAPOctets.result($0.id, tag: 0x69, code: -3)) },
    LyingMode("an unknown code", .write, "result (4711)") { .send(LDAPOctets.result($0.id, tag: 0x69, code: 4711)) },
    LyingMode("a result without contents", .write, breaks) { .send(LDAPOctets.message($0.id, [0x69, 0x00])) },
    LyingMode("a referral", .write, "referral (10)") {
      let urls = LDAPOctets.element(0xA3, LDAPOctets.text("ldap://127.0.0.1:9/"))
      return .send(LDAPOctets.result($0.id, tag: 0x69, code: 10, more: urls))
    },
    LyingMode("a diagnostic of 1 MB", .write, "… (1048576 characters)") {
      .send(LDAPOctets.result($0.id, tag: 0x69, code: 80, diagnostic: String(repeating: "x", count: 1 << 20)))
    },
    LyingMode("a diagnostic in several lines", .write, "other (80): a b c") {
      .send(LDAPOctets.result($0.id, tag: 0x69, code: 80, diagnostic: "a\nb\u{1B}c"))
    },
    LyingMode("an entry without an end", .search, breaks) {
      .send(LDAPOctets.message($0.id, LDAPOctets.element(0x64, LDAPOctets.text("uid=x," + base) + [0x30, 0x05])))
    },
    LyingMode("an attribute that is none", .search, breaks) {
      let list = LDAPOctets.element(0x30, LDAPOctets.element(0x30, [0x02, 0x01, 0x01]))
      return .send(LDAPOctets.message($0.id, LDAPOctets.element(0x64, LDAPOctets.text("uid=x," + base) + list)))
    },
    LyingMode("an entry larger than all memory that is given", .search, breaks) { request in
      let values = (0..<8).map { _ in String(repeating: "x", count: 1 << 20) }
      return .send(LDAPOctets.entry(request.id, "uid=x," + base, [("cn", values)]))
    },
    LyingMode("entries without end", .search, "takes more than") { request in
      .stream { number in LDAPOctets.entry(request.id, "uid=u\(number)," + base, [("cn", ["x"])]) }
    },
  ]

  /// Pages (RFC 2696).
  static let pages = [
    LyingMode("a page without its control", .page, "whether there is another page") {
      .send(LDAPOctets.result($0.id, tag: 0x65))
    },
    LyingMode("more than a page", .page, "more entries than a page holds") { request in
      .stream { number in LDAPOctets.entry(request.id, "uid=u\(number)," + base) }
    },
    LyingMode("empty pages for ever", .page, "it keeps sending empty pages") {
      .send(LDAPOctets.page($0.id, cookie: [1]))
    },
    LyingMode("one page for ever", .page, "the same page again") {
      .send(LDAPOctets.entry($0.id, "uid=x," + base) + LDAPOctets.page($0.id, cookie: [1]))
    },
    LyingMode("a cookie of 1 MB", .page, "its page cookie has 1048576 octets") {
      .send(LDAPOctets.page($0.id, cookie: [UInt8](repeating: 1, count: 1 << 20)))
    },
  ]

  static let base = "ou=users,dc=example,dc=com"
}
