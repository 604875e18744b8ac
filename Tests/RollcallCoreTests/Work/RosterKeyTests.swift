import RollcallCore
import Testing

/// Keys are octets: PostgreSQL tells them apart where Unicode takes them for the same text.
@Suite struct RosterKeyTests {
  /// `é` as one scalar, and as `e` with a combining accent.
  private let composed: RosterKey = "caf\u{E9}"
  private let decomposed: RosterKey = "cafe\u{301}"

  @Test func twoSpellingsOfOneTextAreTwoKeys() {
    #expect(composed.text == decomposed.text, "Swift takes them for one")
    #expect(composed != decomposed)
    #expect(composed.hashValue != decomposed.hashValue)
    #expect(Set([composed, decomposed, composed]).count == 2)
    #expect(decomposed < composed && !(composed < decomposed))
  }

  @Test func lengthsAndWordsCount() {
    let keys: [RosterKey] = ["", "\0", "\0\0", "12345678", "123456780", "1234567\0", "12345678\0", "k", "kk"]
    #expect(Set(keys).count == keys.count)
    #expect(Set(keys.map(\.hashValue)).count == keys.count)
  }

  @Test func theQueueHasAPlaceForEach() {
    var queue = WorkQueue()
    queue.add(composed, .notification)
    queue.add(decomposed, .notification)
    #expect(queue.backlog == 2)
    #expect(queue.take(9, within: .leaver ... .reconcile)?.keys == [composed, decomposed])
    queue.finish(composed)
    #expect(queue.contains(decomposed) && !queue.contains(composed))
  }

  @Test(
    "G15: a key that is not seen, or taken for words, stands in quotation marks",
    arguments: [
      ("17", "17"), ("a.b@c", "a.b@c"), ("é", "é"), ("", "\"\""), (" ", "\" \""), (" 35", "\" 35\""),
      ("+35", "\"+35\""),
      ("\u{A0}", "\"\u{A0}\""), ("1: gone", "\"1: gone\""), ("a\"b", "\"a\\\"b\""), ("a\u{202E}b", "\"a\\u202eb\""),
      ("a\nb", "\"a\\u000ab\""),
    ])
  func inMessages(key: RosterKey, shown: String) {
    #expect(key.shown == shown)
    #expect(("key \(key): no" as Wording).text == "key \(shown): no")
  }

  @Test("a key that is longer than the ledger's indexes take stands for all with the same beginning")
  func longKeys() {
    let most = RosterKey(String(repeating: "\u{1F600}", count: RosterKey.longest))
    #expect(most.text.unicodeScalars.count == RosterKey.longest && !most.isTooLong)
    let long = RosterKey(String(repeating: "\u{1F600}", count: RosterKey.longest + 1))
    #expect(long.isTooLong && long.text.utf8.count < 1000 && !long.beginningOfLong.isTooLong)
    #expect(long == RosterKey(String(repeating: "\u{1F600}", count: 9_000)), "megabytes need not be read")
    #expect(RosterKey(long.text) == long, "what is remembered of it is the same key")
    #expect(long.text.hasPrefix(long.beginningOfLong.text))
    // One character, as Swift counts.
    #expect(RosterKey("e" + String(repeating: "\u{301}", count: RosterKey.longest)).isTooLong)
  }
}
