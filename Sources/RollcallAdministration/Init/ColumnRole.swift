/// What a column of people can mean, found by its spelling.
package enum ColumnRole: CaseIterable, Sendable {
  case username, email, fullName, givenName, surname
  /// `name`: the surname beside a given name, and the whole name without one.
  case name
  case status, enabled, disabled
  /// A moment after which the person is gone; NULL is not gone.
  case ended
  /// The last day, or moment, of somebody; NULL is no end.
  case until
  case password, groups
  case telephone, mobile, title, department, company, room, street, city, postalCode, employeeType, language
  case uidNumber, gidNumber, homeDirectory, shell

  /// The spellings, the likeliest first, without case and whatever joins words.
  var spellings: [String] {
    switch self {
    case .username:
      [
        "username", "login", "loginname", "uid", "userid", "samaccountname", "account", "accountname", "benutzername",
        "benutzerkennung", "anmeldename", "kennung", "benutzer", "nutzername", "nick", "nickname", "handle",
        "identifiant",
        "usuario",
      ]
    case .email:
      [
        "email", "mail", "emailaddress", "mailaddress", "workemail", "primaryemail", "businessemail", "emailadresse",
        "mailadresse", "courriel", "correo",
      ]
    case .fullName:
      [
        "fullname", "displayname", "commonname", "cn", "realname", "completename", "anzeigename", "vollername",
        "vollstaendigername", "gesamtname", "nomcomplet",
      ]
    case .givenName: ["firstname", "givenname", "forename", "given", "first", "fname", "vorname", "vornamen", "prenom"]
    case .surname:
      [
        "lastname", "surname", "familyname", "last", "family", "lname", "sn", "nachname", "familienname", "zuname",
        "apellido",
      ]
    case .name: ["name"]
    case .status: ["status", "state", "userstatus", "employmentstatus", "accountstatus", "zustand"]
    case .enabled: ["active", "isactive", "enabled", "isenabled", "aktiv", "istaktiv", "actif", "activo"]
    case .disabled:
      [
        "disabled", "isdisabled", "inactive", "isinactive", "locked", "islocked", "blocked", "isblocked", "suspended",
        "deactivated", "deleted", "isdeleted", "left", "gesperrt", "inaktiv", "deaktiviert", "geloescht",
      ]
    case .ended:
      [
        "deletedat", "deletedon", "disabledat", "deactivatedat", "terminatedat", "terminatedon", "archivedat",
        "removedat",
        "leftat", "lefton", "geloeschtam", "deaktiviertam",
      ]
    case .until:
      [
        "validuntil", "validto", "activeuntil", "expires", "expiresat", "expireson", "expirationdate", "expirydate",
        "enddate", "contractend", "leavingdate", "exitdate", "terminationdate", "lastday", "gueltigbis", "austritt",
        "austrittsdatum", "vertragsende",
      ]
    case .password:
      ["password", "passwd", "pwd", "initialpassword", "firstpassword", "passwordhash", "passwort", "kennwort"]
    case .groups: ["groups", "roles", "teams", "memberships", "memberof", "gruppen", "rollen"]
    case .telephone:
      [
        "telephone", "telephonenumber", "phone", "phonenumber", "workphone", "officephone", "tel", "telefon",
        "telefonnummer",
      ]
    case .mobile: ["mobile", "mobilephone", "cell", "cellphone", "mobil", "mobiltelefon", "handy"]
    case .title: ["jobtitle", "title", "position", "funktion"]
    case .department: ["department", "departmentname", "dept", "abteilung", "division"]
    case .company: ["company", "companyname", "organization", "organisation", "firma", "employer"]
    case .room: ["room", "roomnumber", "office", "raum", "zimmer", "buero"]
    case .street: ["street", "streetaddress", "strasse"]
    case .city: ["city", "town", "locality", "ort", "stadt"]
    case .postalCode: ["postalcode", "zip", "zipcode", "postcode", "plz", "postleitzahl"]
    case .employeeType: ["employeetype", "employmenttype", "contracttype"]
    case .language: ["preferredlanguage", "language", "locale", "sprache"]
    case .uidNumber: ["uidnumber", "unixuid", "posixuid"]
    case .gidNumber: ["gidnumber", "unixgid", "posixgid"]
    case .homeDirectory: ["homedirectory", "homedir", "unixhome", "home"]
    case .shell: ["loginshell", "shell", "unixshell"]
    }
  }

  /// Kinds of column that can mean it.
  func takes(_ kind: TableFacts.Kind) -> Bool {
    switch self {
    case .enabled, .disabled: kind == .boolean
    case .status: [.text, .enumeration, .boolean, .integer].contains(kind)
    case .ended, .until: kind == .date || kind == .time
    case .groups: kind == .texts
    case .email, .telephone, .mobile: kind == .text || kind == .texts
    case .uidNumber, .gidNumber: kind == .integer
    case .postalCode, .room: [.text, .integer].contains(kind)
    case .department, .employeeType, .language, .title: [.text, .enumeration].contains(kind)
    default: kind == .text
    }
  }
}

/// Which column means what.
struct ColumnRoles {
  private static let prefixes = [
    "user", "person", "employee", "emp", "usr", "staff", "member", "contact", "mitarbeiter",
  ]
  private var found: [ColumnRole: TableFacts.Column] = [:]
  /// Those that only their comments tell.
  private(set) var byComment: Set<String> = []

  init(_ columns: [TableFacts.Column]) {
    for role in ColumnRole.allCases {
      let rank = Dictionary(role.spellings.enumerated().map { ($1, $0) }) { first, _ in first }
      func best(_ spelling: (TableFacts.Column) -> [String]) -> TableFacts.Column? {
        columns.filter { role.takes($0.kind) }.compactMap { column in
          spelling(column).compactMap { rank[$0] }.min().map { (column, $0) }
        }.min { $0.1 < $1.1 }?.0
      }
      let column = best { [Self.plain($0.name)] } ?? best { Self.withoutPrefix(Self.plain($0.name)) }
      if let column {
        found[role] = column
      } else if let column = best({ $0.comment.map { [Self.plain($0)] } ?? [] }) {
        found[role] = column
        byComment.insert(column.name)
      }
    }
  }

  subscript(role: ColumnRole) -> TableFacts.Column? { found[role] }

  private static func withoutPrefix(_ spelling: String) -> [String] {
    prefixes.filter { spelling.hasPrefix($0) }.map { String(spelling.dropFirst($0.count)) }
  }

  /// `First-Name` as `firstname`, `Straße` as `strasse`.
  static func plain(_ name: String) -> String {
    var text = ""
    for scalar in name.lowercased().unicodeScalars {
      switch scalar {
      case "a"..."z", "0"..."9": text.unicodeScalars.append(scalar)
      case "ä": text += "ae"
      case "ö": text += "oe"
      case "ü": text += "ue"
      case "ß": text += "ss"
      case "é", "è", "ê": text += "e"
      default: break
      }
    }
    return text
  }
}
