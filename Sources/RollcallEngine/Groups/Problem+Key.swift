internal import LDAPModel
package import RollcallCore

extension Problem {
  /// The same problem, for one key.
  package func concerning(_ key: RosterKey) -> Problem {
    var problem = self
    problem.message = ("key \(key): \(Wording(message))" as Wording).text
    return problem
  }
}
