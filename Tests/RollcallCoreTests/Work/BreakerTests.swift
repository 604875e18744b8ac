import RollcallCore
import Testing

/// Ten equal refusals in a row are the directory's fault; nobody pays for it.
@Suite struct BreakerTests {
  @Test func theTenthInARowOpensIt() {
    var breaker = Breaker()
    for number in 1..<Breaker.most { #expect(breaker.refused("k\(number)", 50) == .park) }
    #expect(!breaker.isOpen)
    #expect(breaker.refused("last", 50) == .opens)
    #expect(breaker.refused("next", 50) == .isOpen)
    // Those that were set aside on the way deserve another look, the others were never set aside.
    #expect(breaker.succeeded() == (1..<Breaker.most).map { "k\($0)" })
    #expect(!breaker.isOpen && breaker.refused("k1", 50) == .park)
  }

  @Test func aSuccessBetweenThemMakesThemTheirOwn() {
    var breaker = Breaker()
    for number in 0..<100 {
      if number % 9 == 0 { #expect(breaker.succeeded().isEmpty) }
      #expect(breaker.refused("k\(number)", 80) == .park)
    }
  }

  @Test func anotherCodeBeginsAnotherRow() {
    var breaker = Breaker()
    for number in 0..<100 { #expect(breaker.refused("k\(number)", number % 2 == 0 ? 80 : 53) == .park) }
  }

  @Test func oneKeyAgainAndAgainIsOne() {
    var breaker = Breaker()
    for _ in 0..<100 { #expect(breaker.refused("k", 51) == .park) }
  }
}
