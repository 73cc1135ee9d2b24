//! What HR systems call their columns: English, Japanese and French, CSV2SCIM's samples, BambooHR,
//! Workday, SuccessFactors and the Lifecycle Workflows starter.
//!
//! Each list is in order of preference and spelled as [`normalized`] spells it.

use unicode_normalization::UnicodeNormalization;

/// A column's name without what varies from export to export: case, width, accents, spaces, signs.
pub(super) fn normalized(name: &str) -> String {
    let accents = '\u{300}'..='\u{36f}';
    let decomposed: String = name
        .replace('#', " number")
        .nfkc()
        .flat_map(char::to_lowercase)
        .nfd()
        .filter(|letter| !accents.contains(letter))
        .collect();
    decomposed.nfc().filter(|letter| letter.is_alphanumeric()).collect()
}

pub(super) const EXTERNAL_ID: &[&str] = &[
    "externalid",
    "workerid",
    "employeeid",
    "employeenumber",
    "personidexternal",
    "personnelnumber",
    "personid",
    "userid",
    "empid",
    "staffid",
    "badgenumber",
    "社員番号",
    "従業員番号",
    "職員番号",
    "社員コード",
    "従業員コード",
    "社員id",
    "従業員id",
    "matricule",
    "numeromatricule",
    "matriculesalarie",
    "numerosalarie",
    "idsalarie",
    "id",
];

pub(super) const USER_NAME: &[&str] = &[
    "userprincipalname",
    "newuserprincipalname",
    "upn",
    "username",
    "userid",
    "login",
    "loginname",
    "loginid",
    "account",
    "accountname",
    "samaccountname",
    "ユーザー名",
    "ユーザ名",
    "ユーザーid",
    "ユーザid",
    "ログインid",
    "アカウント",
    "identifiant",
    "nomutilisateur",
    "nomdutilisateur",
];

pub(super) const EMAIL: &[&str] = &[
    "workemail",
    "email",
    "mail",
    "emailaddress",
    "primaryworkemail",
    "emailprimarywork",
    "businessemail",
    "companyemail",
    "workemailaddress",
    "メールアドレス",
    "メール",
    "会社メール",
    "会社メールアドレス",
    "eメール",
    "courriel",
    "courrielprofessionnel",
    "adressemail",
    "adresseelectronique",
    "emailprofessionnel",
];

pub(super) const FAMILY_NAME: &[&str] = &[
    "lastname",
    "familyname",
    "surname",
    "sn",
    "legallastname",
    "legalnamelastname",
    "preferredlastname",
    "姓",
    "苗字",
    "名字",
    "氏",
    "nom",
    "nomdefamille",
    "nomusage",
    "nomdusage",
];

pub(super) const GIVEN_NAME: &[&str] = &[
    "firstname",
    "givenname",
    "forename",
    "legalfirstname",
    "legalnamefirstname",
    "preferredfirstname",
    "名",
    "prenom",
    "prenomusuel",
    "prenoms",
];

pub(super) const MIDDLE_NAME: &[&str] =
    &["middlename", "legalmiddlename", "mi", "ミドルネーム", "deuxiemeprenom", "autresprenoms"];

pub(super) const DISPLAY_NAME: &[&str] = &[
    "displayname",
    "fullname",
    "preferredname",
    "defaultfullname",
    "legalname",
    "name",
    "表示名",
    "氏名",
    "名前",
    "社員名",
    "社員氏名",
    "従業員名",
    "フルネーム",
    "nomcomplet",
    "nometprenom",
    "nomprenom",
    "nomaffiche",
];

/// Whether an account is on, said as yes or no.
pub(super) const ACTIVE: &[&str] = &[
    "active",
    "isactive",
    "enabled",
    "accountenabled",
    "activestatus",
    "activeflag",
    "有効",
    "有効フラグ",
    "在籍フラグ",
    "estactif",
];

/// The same, said the other way round.
pub(super) const TERMINATED: &[&str] =
    &["isterminated", "terminated", "inactive", "退職フラグ", "退職済み", "退職済"];

/// Statuses, and whether they mean that the account is on.
pub(super) type Words = &'static [(&'static str, bool)];

/// Where somebody stands in the employment, with the words of the language that mean on and off.
pub(super) const STATUS: &[(&[&str], Words)] = &[
    (
        &[
            "workerstatus",
            "employeestatus",
            "employmentstatus",
            "emplstatus",
            "status",
            "employmentstate",
            "currentstatus",
        ],
        &[("Active", true), ("Inactive", false), ("Terminated", false)],
    ),
    (
        &[
            "在籍区分",
            "在籍状況",
            "在籍状態",
            "在職区分",
            "在職状況",
            "雇用状態",
            "就業状態",
            "状態",
            "ステータス",
        ],
        &[("在籍", true), ("在職", true), ("退職", false), ("退社", false)],
    ),
    (
        &["statut", "statutsalarie", "situation", "etat", "etatsalarie", "statutemploi"],
        &[("Actif", true), ("Présent", true), ("Inactif", false), ("Sorti", false)],
    ),
];

pub(super) const TITLE: &[&str] = &[
    "jobtitle",
    "title",
    "businesstitle",
    "position",
    "positiontitle",
    "jobprofile",
    "役職",
    "役職名",
    "職位",
    "職種",
    "肩書",
    "poste",
    "intituleposte",
    "intituledeposte",
    "fonction",
    "emploi",
];

pub(super) const USER_TYPE: &[&str] = &[
    "workertype",
    "employeetype",
    "employmenttype",
    "workersubtype",
    "employeeclass",
    "usertype",
    "雇用区分",
    "雇用形態",
    "社員区分",
    "従業員区分",
    "契約形態",
    "typecontrat",
    "typedecontrat",
    "typesalarie",
    "categorie",
];

pub(super) const PREFERRED_LANGUAGE: &[&str] =
    &["preferredlanguage", "language", "言語", "使用言語", "langue", "languepreferee"];

pub(super) const STREET: &[&str] = &[
    "streetaddress",
    "street",
    "address",
    "addressline1",
    "addr1",
    "address1",
    "workaddressline1",
    "住所",
    "番地",
    "adresse",
    "rue",
    "adresse1",
];

pub(super) const LOCALITY: &[&str] =
    &["city", "town", "locality", "workaddresscity", "市区町村", "都市", "ville", "commune"];

pub(super) const REGION: &[&str] = &[
    "state",
    "province",
    "stateprovince",
    "region",
    "workaddressstate",
    "都道府県",
    "regiongeographique",
];

pub(super) const POSTAL_CODE: &[&str] = &[
    "postalcode",
    "zipcode",
    "zip",
    "postcode",
    "workaddresspostalcode",
    "郵便番号",
    "codepostal",
    "cp",
];

pub(super) const COUNTRY: &[&str] = &[
    "countrycode",
    "twolettercountrycode",
    "country",
    "workaddresscountry",
    "国コード",
    "国",
    "国名",
    "codepays",
    "pays",
];

pub(super) const PHONE: &[&str] = &[
    "officephone",
    "workphone",
    "businessphone",
    "bizphone",
    "primaryworkphone",
    "phoneprimarywork",
    "telephonenumber",
    "telephone",
    "phone",
    "phonenumber",
    "電話番号",
    "会社電話番号",
    "外線番号",
    "telephonebureau",
    "telephoneprofessionnel",
    "numerodetelephone",
];

pub(super) const EMPLOYEE_NUMBER: &[&str] = &[
    "employeenumber",
    "employeeid",
    "workerid",
    "personnelnumber",
    "empid",
    "社員番号",
    "従業員番号",
    "職員番号",
    "社員コード",
    "従業員コード",
    "matricule",
];

pub(super) const COST_CENTER: &[&str] = &[
    "costcenter",
    "costcentre",
    "costcentername",
    "costcenterid",
    "原価センタ",
    "原価センター",
    "コストセンター",
    "コストセンタ",
    "負担部門",
    "centredecout",
    "centredecouts",
];

pub(super) const ORGANIZATION: &[&str] = &[
    "company",
    "companyname",
    "organization",
    "organisation",
    "legalentity",
    "会社",
    "会社名",
    "法人",
    "法人名",
    "societe",
    "entreprise",
    "entitelegale",
    "raisonsociale",
];

pub(super) const DIVISION: &[&str] = &[
    "division",
    "divisionname",
    "businessunit",
    "事業部",
    "本部",
    "事業部名",
    "本部名",
    "branche",
    "pole",
];

pub(super) const DEPARTMENT: &[&str] = &[
    "department",
    "departmentname",
    "dept",
    "supervisoryorganization",
    "orgunit",
    "部署",
    "部署名",
    "部門",
    "部門名",
    "所属",
    "所属名",
    "所属部署",
    "service",
    "departement",
    "direction",
];

pub(super) const MANAGER: &[&str] = &[
    "managerid",
    "manageremployeeid",
    "managerworkerid",
    "workersmanagerid",
    "manageremployeenumber",
    "supervisoreid",
    "supervisorid",
    "manageruserid",
    "manager",
    "上司社員番号",
    "上司の社員番号",
    "上長社員番号",
    "上長の社員番号",
    "上司従業員番号",
    "上司コード",
    "上司id",
    "matriculemanager",
    "matriculeresponsable",
    "matriculedumanager",
    "matriculeduresponsable",
    "idmanager",
];

/// The first day, with the way the language writes dates.
pub(super) const HIRE_DATE: &[(&[&str], &str)] = &[
    (
        &[
            "employeehiredate",
            "hiredate",
            "startdate",
            "firstdayofwork",
            "originalhiredate",
            "dateofhire",
        ],
        "yyyy-MM-dd",
    ),
    (&["入社日", "入社年月日", "採用日", "採用年月日", "雇用開始日"], "yyyy/MM/dd"),
    (
        &[
            "dateentree",
            "datedentree",
            "dateembauche",
            "datedembauche",
            "datedebut",
            "datedarrivee",
        ],
        "dd/MM/yyyy",
    ),
];

/// The last day, likewise.
pub(super) const LEAVE_DATE: &[(&[&str], &str)] = &[
    (
        &[
            "employeeleavedate",
            "employeeleavedatetime",
            "lastdayofwork",
            "terminationdate",
            "leavedate",
            "enddate",
        ],
        "yyyy-MM-dd",
    ),
    (&["退職日", "退職年月日", "退社日", "雇用終了日"], "yyyy/MM/dd"),
    (&["datesortie", "datedesortie", "datedepart", "datededepart", "datefin"], "dd/MM/yyyy"),
];
