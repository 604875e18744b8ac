import PageBlocks
import RollcallCore
import RollcallLedger
import Testing

/// The page `Operations` explains each word that `status` has for what is wrong.
@Suite struct OperationsPageTests {
  @Test("each reason of a parked key and each problem's code is explained, and no other")
  func words() throws {
    // Some words are both.
    let explained = try Page.named("Operations").rows.filter { $0.columns.count == 1 }.map(\.name)
    let codes = ConditionProblem.Code.allCases.map(\.rawValue)
    #expect(explained.sorted() == (codes + Problem.Reason.allCases.map(\.rawValue)).sorted())
  }
}
