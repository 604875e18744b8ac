import LDAPModel
import RollcallCore
import Testing

@Suite struct ErrorClassifierTests {
  typealias Activity = ErrorClassifier.Activity
  private static let writes: [Activity] = [.add, .modify, .rename, .delete]

  /// What a write's failure means.
  @Test(
    arguments: [
      (FailureClass.connectionLost, [-1, -5, -11, 52]), (.busy, [51, 3]),
      (.ambiguous, [80, 53, 1, 9_999, 4096]),
      (.repairable, [68, 32, 20, 16]), (.ofTheEntry, [17, 18, 19, 21, 34, 64, 65, 66, 67, 69, 71]),
      (.ofTheDirectory, [2, 7, 8, 12, 13, 48, 49]), (.access, [10, 50]), (.search, [4, 11]),
    ] as [(FailureClass, [Int32])])
  func writes(failure: FailureClass, codes: [Int32]) {
    for code in codes {
      for activity in Self.writes {
        #expect(
          ErrorClassifier.classify(code: ResultCode(rawValue: code), during: activity) == failure, "\(code)")
      }
    }
  }

  /// A referral object and a restriction give the answers of a read-only server. They concern one entry, unless the
  /// server, asked, takes no writes at all; a search's base is no entry's.
  @Test(
    arguments: [(10, ""), (53, "operation restricted"), (53, "shadow context; no update referral")]
      as [(Int32, String)])
  func answersOfReadOnlyServers(code: Int32, diagnostic: String) {
    let code = ResultCode(rawValue: code)
    #expect(ErrorClassifier.isReadOnly(code, diagnostic))
    for activity in Self.writes {
      #expect(ErrorClassifier.classify(code: code, during: activity, diagnostic: diagnostic) == .access)
    }
    for activity in [Activity.search, .connect] {
      #expect(ErrorClassifier.classify(code: code, during: activity, diagnostic: diagnostic) == .ofTheDirectory)
    }
  }

  /// No failure of a search is anything that could be read as an absence.
  @Test func searches() {
    for code in (-20...130).map({ ResultCode(rawValue: $0) }) where code != .success {
      let failure = ErrorClassifier.classify(code: code, during: .search)
      if code == .noSuchObject { #expect(failure == .ofTheDirectory) }
      if [.timeLimitExceeded, .sizeLimitExceeded, .adminLimitExceeded].contains(code) {
        #expect(failure == .search)
      }
      if code == .serverDown { #expect(failure == .connectionLost) }
    }
  }

  /// A refused bind pauses; it is no entry's fault and is not tried in a hurry.
  @Test(
    arguments: [
      (49, FailureClass.ofTheDirectory), (50, .ofTheDirectory), (53, .ofTheDirectory), (-1, .connectionLost),
      (-11, .connectionLost), (52, .connectionLost), (32, .ofTheDirectory), (-5, .connectionLost),
    ] as [(Int32, FailureClass)])
  func connecting(code: Int32, failure: FailureClass) {
    #expect(ErrorClassifier.classify(code: ResultCode(rawValue: code), during: .connect) == failure)
  }

  @Test func activities() {
    #expect(Activity(.delete("dc=x")) == .delete)
    #expect(Activity(.add("dc=x", [])) == .add)
    #expect(Activity(.modify("dc=x", [])) == .modify)
    #expect(
      Activity(.rename("dc=x", to: RelativeDistinguishedName("dc", "y"), deleteOld: true, newParent: nil))
        == .rename)
  }
}
