import RollcallCore
import Testing

@testable import RollcallEngine

/// What may come over the channel: from the triggers, and from anybody who can say NOTIFY.
@Suite struct NotificationTests {
  @Test func whatTheTriggersSend() throws {
    let few = try #require(NotificationPayload(parsing: #"{"xid":"741","keys":["17","a\"b","ümläut"]}"#))
    #expect(few.xid == "741" && few.keys == ["17", "a\"b", "ümläut"] && few.count == nil && few.request == nil)
    #expect(NotificationPayload(parsing: #"{"xid":"741","count":50000}"#)?.count == 50000)
    #expect(NotificationPayload(parsing: #"{"xid":"741","count":0,"everyone":true}"#)?.keys == nil)
    #expect(NotificationPayload(parsing: #"{"request":"main"}"#)?.request == "main")
  }

  @Test(arguments: [
    "", " ", "x", "17", "null", "[]", "\"a\"", "{", #"{"xid":741,"keys":["1"]}"#, #"{"xid":"1","keys":"1"}"#,
    #"{"xid":"1","keys":[1]}"#, #"{"keys":[null]}"#, String(repeating: "[", count: 7000), "{\"keys\":[\"\u{0}\"]}",
  ])
  func whatIsNoPayloadIsNone(text: String) { #expect(NotificationPayload(parsing: text) == nil) }

  /// Bytes at random, and payloads with bytes changed, cut and doubled: never a crash, and what is read is what is
  /// there.
  @Test func nonsense() {
    var random = SystemRandomNumberGenerator()
    let good = Array(#"{"xid":"18446744073709551615","keys":["1","2\u00e4","\\",""],"count":3,"request":"a"}"#.utf8)
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0...Int.random(in: 0..<4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place...)
        case 2: bytes.insert(contentsOf: bytes[..<place], at: place)
        default: bytes.remove(at: place)
        }
        if bytes.isEmpty { break }
      }
      let payload = NotificationPayload(parsing: String(decoding: bytes, as: UTF8.self))
      #expect((payload?.keys?.count ?? 0) <= bytes.count)
    }
  }

  private func named(_ xid: String, _ keys: ClosedRange<Int>) -> NotificationPayload? {
    let list = keys.map { "\"\($0)\"" }.joined(separator: ",")
    return NotificationPayload(parsing: #"{"xid":"\#(xid)","keys":[\#(list)]}"#)
  }

  @Test func smallTransactionsOvertake() {
    var burst = NotificationBurst()
    burst.add(named("1", 1...2))
    burst.add(named("2", 3...3))
    burst.add(named("2", 4...4))
    let (small, mustLook) = burst.take()
    #expect(small.map(\.xid) == ["1", "2"] && small.map(\.keys) == [["1", "2"], ["3", "4"]] && !mustLook)
    #expect(burst.take().small.isEmpty)
  }

  /// The last message of a large transaction is as short as that of a small one.
  @Test func noPartOfALargeTransactionOvertakes() {
    var burst = NotificationBurst()
    for message in 0..<6 { burst.add(named("7", (32 * message + 1)...(32 * message + 32))) }
    burst.add(named("7", 193...200))
    burst.add(named("8", 1...1))
    let (small, mustLook) = burst.take()
    #expect(small.map(\.xid) == ["8"] && mustLook)
  }

  @Test func aLoopOverSingleRowsIsLargeToo() {
    var burst = NotificationBurst()
    for key in 1...40 { burst.add(named("7", key...key)) }
    let (small, mustLook) = burst.take()
    #expect(small.isEmpty && mustLook)
  }

  @Test func whatComesWithTheNextReadBelongsToItsTransaction() {
    var burst = NotificationBurst()
    burst.add(named("7", 1...20))
    #expect(burst.take().small.map(\.xid) == ["7"])
    burst.add(named("7", 21...40))
    burst.add(named("9", 1...1))
    let (small, mustLook) = burst.take()
    #expect(small.map(\.xid) == ["9"] && mustLook)
  }

  @Test func whatSaysNothingIsAReasonToLook() {
    var burst = NotificationBurst()
    burst.add(nil)
    burst.add(NotificationPayload(parsing: #"{"xid":"1","count":400}"#))
    let (small, mustLook) = burst.take()
    #expect(small.isEmpty && mustLook)
  }
}
