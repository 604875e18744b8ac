import RollcallCore
import Testing

@Suite struct WordingTests {
  private struct Refusal: Error, CustomStringConvertible { let description: String }

  @Test func aValueIsCutAndSaysHowLongItIs() {
    let long = String(repeating: "x", count: 50 << 20)
    let wording: Wording = "key \(long): is too long"
    #expect(wording.text == "key " + String(repeating: "x", count: 200) + "… (52428800 characters): is too long")
  }

  @Test(arguments: ["", "a", String(repeating: "é", count: 200), "uid=a,dc=x"])
  func whatIsShortStaysWhole(_ value: String) {
    let wording: Wording = "<\(value)>"
    #expect(wording.text == "<\(value)>")
  }

  @Test func wordingsAndMessagesKeepTheirRoom() {
    let inner = Wording(String(repeating: "y", count: 900))
    #expect(("\(inner)!" as Wording).text.count == 901)
    let error = Refusal(description: String(repeating: "z", count: 5000))
    #expect(("\(error)" as Wording).text.hasSuffix("… (5000 characters)"))
    #expect(("\(message: error.description)" as Wording).text.hasPrefix(String(repeating: "z", count: 1000)))
    #expect((inner + inner + inner).text.hasSuffix("… (2700 characters)"))
  }

  @Test func listsAreCutValueByValue() {
    let values = (0..<12).map { "\($0)" + String(repeating: "x", count: 300) }
    let text = Wording.list(values, separator: " and ").text
    #expect(text.contains("… (301 characters) and 1xxx"))
    #expect(text.hasSuffix("characters)") || text.hasSuffix("and 2 more"))
  }

  /// No problem is longer than a sentence, whatever its message is made of, and neither is what it waits for.
  @Test func aProblemIsShort() {
    let long = String(repeating: "x", count: 1 << 20)
    var problem = Problem(.nameTaken, "key \(long): \(message: long), which \(long) has", blocks: "uid=" + long)
    #expect(problem.message.unicodeScalars.count < 2100)
    #expect((problem.blocks?.utf8.count ?? 0) < 2000)
    #expect(problem.blocks == Problem.cause("uid=" + long))
    #expect(problem.blocks != Problem.cause("uid=" + long + "x"))
    #expect(Problem(.refused, "x", blocks: "uid=ann,dc=x").blocks == "uid=ann,dc=x")
    problem.message = long
    #expect(problem.message.unicodeScalars.count < 2100)
  }
}
