//! Headers of the systems people have get a first mapping that works.

use serde_json::Value;

use super::*;

/// The suggestion for a header, checked against it.
fn suggestion(header: &str) -> Value {
    let header: Vec<String> = header.split(',').map(str::to_owned).collect();
    let text = suggest(&header);
    let columns = Columns::from_header(header).unwrap();
    let checked = Mapping::parse_for(text.as_bytes(), &MappingOptions::default(), &columns);
    let (mapping, _) = checked.unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(mapping.warnings().is_empty(), "{:?}", mapping.warnings());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn csv2scim() {
    let found = suggestion(
        "WorkerID,WorkerStatus,WorkerType,UserID,FirstName,LastName,FullName,GenderPronoun,\
         ManagerID,HireDate,OnLeave,Department,Division,CostCenter,Company,Location,JobTitle,\
         StreetAddress,City,CountryCode,OfficePhone,Custom01,Custom02,ZipCode",
    );
    let reference = include_str!("../../../examples/data/mapping-csv2scim.json");
    let mut reference: Value = serde_json::from_str(reference).unwrap();
    for key in ["//", "active", "nickName"] {
        reference.as_object_mut().unwrap().remove(key);
    }
    for (key, wanted) in reference.as_object().unwrap() {
        let mut found = found[key].clone();
        if let Some(members) = found.as_object_mut() {
            members.retain(|key, _| !key.starts_with("//"));
        }
        assert_eq!(&found, wanted, "{key}");
    }
    assert_eq!(
        found["active"]["expression"],
        "=Switch([WorkerStatus], [WorkerStatus], \"Active\", \"True\", \"Inactive\", \"False\", \
         \"Terminated\", \"False\")"
    );
    assert_eq!(found["// not used"], "GenderPronoun, OnLeave, Location, Custom01, Custom02");
}

#[test]
fn a_suggested_mapping_gives_dates_a_time_and_never_guesses_a_status() {
    let header = ["id", "username", "status", "hireDate", "terminationDate"];
    let text = suggest(&header.map(str::to_owned));
    let columns = columns(&header);
    let options = MappingOptions::default();
    let (_, program) = Mapping::parse_for(text.as_bytes(), &options, &columns).unwrap();
    let mut user = User::default();
    let mut render = |cells: [&str; 5]| program.render(&columns, &record(&cells), &mut user);
    assert_eq!(render(["1", "ann", "Terminated", "2013-01-31", "0000-00-00"]), Rendered::User);
    for status in ["On leave", ""] {
        let rendered = render(["1", "ann", status, "", ""]);
        assert!(matches!(rendered, Rendered::Rejected(_)), "{rendered:?}");
    }
    assert_eq!(render(["1", "ann", "active", "2013-01-31", "0000-00-00"]), Rendered::User);
    let json: Value = serde_json::from_slice(&user.bytes).unwrap();
    let dates = &json["urn:ietf:params:scim:schemas:extension:csv:1.0:User"];
    assert_eq!(dates.to_string(), r#"{"employeeHireDate":"2013-01-31T00:00:00Z"}"#);
    assert!(user.warnings.is_empty() && user.active == Some(true));
}

#[test]
fn japanese() {
    let found = suggestion("社員番号,姓,名,部署,役職,ﾒｰﾙ,上司社員番号,在籍区分,入社日,血液型");
    assert_eq!(found["externalId"], "社員番号");
    assert_eq!(found["userName"], "ﾒｰﾙ");
    assert_eq!(found["displayName"], "=Join(\" \", [姓], [名])");
    assert_eq!(found["title"], "役職");
    assert_eq!(found[ENTERPRISE]["department"], "部署");
    assert_eq!(found[ENTERPRISE]["manager"]["value"], "上司社員番号");
    assert!(found["active"]["expression"].as_str().unwrap().contains("\"退職\", \"False\""));
    assert_eq!(found["// not used"], "血液型");
}

#[test]
fn french() {
    let found = suggestion(
        "Matricule,Nom,Prénom,Service,Poste,Courriel,Statut,Matricule responsable,Date d'entrée",
    );
    assert_eq!(found["externalId"], "Matricule");
    assert_eq!(found["name"]["givenName"], "Prénom");
    assert_eq!(found["displayName"], "=Join(\" \", [Prénom], [Nom])");
    assert_eq!(found["emails"][0]["value"], "Courriel");
    assert_eq!(found[ENTERPRISE]["department"], "Service");
    assert_eq!(found[ENTERPRISE]["manager"]["value"], "Matricule responsable");
    let date = &found["urn:ietf:params:scim:schemas:extension:csv:1.0:User"]["employeeHireDate"];
    assert!(date.as_str().unwrap().contains("dd/MM/yyyy"));
}

#[test]
fn bamboo_hr() {
    let found = suggestion(
        "id,displayName,lastName,middleName,jobTitle,department,division,supervisorEId,country,\
         location,homeEmail,mobilePhone,workPhone,hireDate,terminationDate,status",
    );
    assert_eq!(found["externalId"], "id");
    assert_eq!(found[ENTERPRISE]["manager"]["value"], "supervisorEId");
    let dates = &found["urn:ietf:params:scim:schemas:extension:csv:1.0:User"];
    assert!(dates["employeeLeaveDateTime"].as_str().unwrap().contains("0000-00-00"));
    assert_eq!(found["// not used"], "location, homeEmail, mobilePhone");
}

#[test]
fn workday() {
    let found = suggestion(
        "Employee ID,User Name,Legal Name - First Name,Legal Name - Last Name,Preferred Name,\
         Business Title,Worker Type,Active Status,Cost Center,Company,Supervisory Organization,\
         Manager - Employee ID,Hire Date,Termination Date,Email - Primary Work,\
         Phone - Primary Work,Work Address - City,Work Address - Postal Code",
    );
    assert_eq!(found["userName"], "User Name");
    assert_eq!(found["active"], "Active Status");
    assert_eq!(found["name"]["familyName"], "Legal Name - Last Name");
    assert_eq!(found["addresses"][0]["postalCode"], "Work Address - Postal Code");
    assert_eq!(found[ENTERPRISE]["manager"]["value"], "Manager - Employee ID");
    assert!(found.get("// not used").is_none());
}

#[test]
fn success_factors() {
    let found = suggestion(
        "STATUS,USERID,USERNAME,FIRSTNAME,LASTNAME,MI,GENDER,EMAIL,MANAGER,HR,DEPARTMENT,JOBCODE,\
         DIVISION,LOCATION,TIMEZONE,HIREDATE,EMPID,TITLE,BIZ_PHONE,ADDR1,CITY,STATE,ZIP,COUNTRY",
    );
    // Its MANAGER holds a USERID, so that is what identifies.
    assert_eq!(found["externalId"], "USERID");
    assert_eq!(found["userName"], "USERNAME");
    assert_eq!(found[ENTERPRISE]["manager"]["value"], "MANAGER");
    assert_eq!(found[ENTERPRISE]["employeeNumber"], "EMPID");
    assert_eq!(found["// not used"], "GENDER, HR, JOBCODE, LOCATION, TIMEZONE");
}

#[test]
fn lifecycle_starter() {
    let found = suggestion(
        "NewUserPrincipalName,FirstName,LastName,FullName,Department,Company,JobTitle,MobilePhone,\
         EmployeeId,CostCenter,Location,EmployeeType,EmployeeHireDate,EmployeeLeaveDate,IsTerminated",
    );
    assert_eq!(found["userName"], "NewUserPrincipalName");
    assert!(found["active"]["expression"].as_str().unwrap().contains("\"True\", \"False\""));
}

#[test]
fn a_header_nobody_knows_still_gets_a_start() {
    let header = ["".to_owned(), "=weird]".to_owned(), "Other".to_owned()];
    let text = suggest(&header);
    let mapping = Mapping::parse(text.as_bytes(), &MappingOptions::default()).unwrap();
    assert_eq!(mapping.columns(), ["=weird]"]);
    mapping.compile(&Columns::growing(&header)).unwrap();
}

#[test]
fn the_lists_are_spelled_as_names_are_compared() {
    use super::column_names::*;
    let languages = STATUS.iter().map(|(names, _)| *names);
    let dates = HIRE_DATE.iter().chain(LEAVE_DATE).map(|(names, _)| *names);
    let lists = [
        EXTERNAL_ID,
        USER_NAME,
        EMAIL,
        FAMILY_NAME,
        GIVEN_NAME,
        MIDDLE_NAME,
        DISPLAY_NAME,
        ACTIVE,
        TERMINATED,
        TITLE,
        USER_TYPE,
        PREFERRED_LANGUAGE,
        STREET,
        LOCALITY,
        REGION,
        POSTAL_CODE,
        COUNTRY,
        PHONE,
        EMPLOYEE_NUMBER,
        COST_CENTER,
        ORGANIZATION,
        DIVISION,
        DEPARTMENT,
        MANAGER,
    ];
    for name in lists.into_iter().chain(languages).chain(dates).flatten() {
        assert_eq!(normalized(name), *name);
    }
    assert_eq!(normalized("Employee #"), "employeenumber");
    assert_eq!(normalized("  Ｗｏｒｋ_E-mail "), "workemail");
}
