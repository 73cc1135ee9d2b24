namespace EntraBulk.Interop.V1
{
    using System;
    using System.Collections;
    using System.Globalization;
    using System.Reflection;
    using System.Text;

    /// <summary>
    /// Writes host values as JSON: dictionaries and PowerShell objects as objects, other sequences as arrays.
    /// ConvertTo-Json is no help here: it cuts at a depth, writes dates its own way on Windows PowerShell, and is slow.
    /// </summary>
    public static class JsonWriter
    {
        private const int DeepestNesting = 64;

        /// <summary>One value as JSON text.</summary>
        public static string Write(object value)
        {
            StringBuilder json = new StringBuilder(512);
            Append(json, value, 0);
            return json.ToString();
        }

        /// <summary>
        /// One record as a JSON object; null, and <paramref name="problem"/>, where it cannot be one. PowerShell remembers
        /// every exception as an error, so there is none. <paramref name="members"/> is a dictionary, or what PowerShell
        /// gives for <c>$record.PSObject.Properties</c>: their order is kept.
        /// </summary>
        public static string WriteRecord(IEnumerable members, out string problem)
        {
            StringBuilder json = new StringBuilder(512);
            IDictionary dictionary = members as IDictionary;
            problem = null;
            try
            {
                if (dictionary != null) { AppendDictionary(json, dictionary, 0); } else { AppendProperties(json, members, 0); }
            }
            catch (UnwritableException unwritable)
            {
                problem = unwritable.Message;
                return null;
            }
            return json.ToString();
        }

        private static void Append(StringBuilder json, object value, int depth)
        {
            if (depth > DeepestNesting)
            {
                throw new UnwritableException("is nested deeper than " + DeepestNesting + " levels, or holds itself");
            }
            if (value == null || value is DBNull) { json.Append("null"); }
            else if (value is string) { AppendText(json, (string)value); }
            else if (value is bool) { json.Append((bool)value ? "true" : "false"); }
            else if (IsPowerShellObject(value)) { AppendPowerShellObject(json, value, depth); }
            else if (value is IDictionary) { AppendDictionary(json, (IDictionary)value, depth); }
            else if (value is IEnumerable) { AppendArray(json, (IEnumerable)value, depth); }
            else { AppendScalar(json, value); }
        }

        private static void AppendScalar(StringBuilder json, object value)
        {
            CultureInfo invariant = CultureInfo.InvariantCulture;
            Type type = value.GetType();
            // An enum is a number to Type.GetTypeCode, but its name is what a reader of the object sees.
            switch (type.IsEnum ? TypeCode.Object : Type.GetTypeCode(type))
            {
                case TypeCode.SByte:
                case TypeCode.Byte:
                case TypeCode.Int16:
                case TypeCode.UInt16:
                case TypeCode.Int32:
                case TypeCode.UInt32:
                case TypeCode.Int64:
                case TypeCode.UInt64:
                case TypeCode.Decimal:
                    json.Append(Convert.ToString(value, invariant));
                    return;
                case TypeCode.Single:
                case TypeCode.Double:
                    double number = Convert.ToDouble(value, invariant);
                    if (double.IsNaN(number) || double.IsInfinity(number))
                    {
                        throw new UnwritableException("is " + number.ToString(invariant) + ", for which JSON has no number");
                    }
                    json.Append(((IFormattable)value).ToString("R", invariant));
                    return;
                case TypeCode.DateTime:
                    AppendText(json, ((DateTime)value).ToString("o", invariant));
                    return;
            }
            if (value is DateTimeOffset) { AppendText(json, ((DateTimeOffset)value).ToString("o", invariant)); }
            else { AppendText(json, Convert.ToString(value, invariant)); }
        }

        private static void AppendDictionary(StringBuilder json, IDictionary dictionary, int depth)
        {
            json.Append('{');
            string separator = "";
            foreach (object key in KeysInOrder(dictionary))
            {
                AppendMember(json, ref separator, Convert.ToString(key, CultureInfo.InvariantCulture), dictionary[key], depth);
            }
            json.Append('}');
        }

        /// <summary>A Hashtable has no order of its own and would give other bytes in every session: sort it.</summary>
        private static ICollection KeysInOrder(IDictionary dictionary)
        {
            if (!(dictionary is Hashtable)) { return dictionary.Keys; }
            ArrayList keys = new ArrayList(dictionary.Keys);
            keys.Sort(new KeyOrder());
            return keys;
        }

        private sealed class KeyOrder : IComparer
        {
            public int Compare(object left, object right)
            {
                return string.CompareOrdinal(Convert.ToString(left, CultureInfo.InvariantCulture), Convert.ToString(right, CultureInfo.InvariantCulture));
            }
        }

        private static void AppendArray(StringBuilder json, IEnumerable items, int depth)
        {
            json.Append('[');
            string separator = "";
            foreach (object item in items)
            {
                json.Append(separator);
                separator = ",";
                Append(json, item, depth + 1);
            }
            json.Append(']');
        }

        private static void AppendMember(StringBuilder json, ref string separator, string name, object value, int depth)
        {
            json.Append(separator);
            separator = ",";
            AppendText(json, name);
            json.Append(':');
            try { Append(json, value, depth + 1); }
            catch (UnwritableException inner) { throw inner.Within(name); }
        }

        private static void AppendText(StringBuilder json, string text)
        {
            json.Append('"');
            for (int i = 0; i < text.Length; i++)
            {
                char c = text[i];
                if (c == '"' || c == '\\') { json.Append('\\').Append(c); }
                else if (c >= ' ' && !char.IsSurrogate(c)) { json.Append(c); }
                else if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                {
                    json.Append(c).Append(text[++i]);
                }
                // A lone surrogate has no UTF-8 form: escaped, the library can name the record that holds it.
                else { json.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)); }
            }
            json.Append('"');
        }

        // PowerShell objects are reached by reflection: these files have no reference to PowerShell, so that any .NET
        // program can use them.

        private static Type powerShellObject;
        private static PropertyInfo baseObject;
        private static PropertyInfo properties;
        private static PropertyInfo propertyName;
        private static PropertyInfo propertyValue;

        private static bool IsPowerShellObject(object value)
        {
            if (powerShellObject != null) { return value.GetType() == powerShellObject; }
            Type type = value.GetType();
            if (type.FullName != "System.Management.Automation.PSObject") { return false; }
            baseObject = type.GetProperty("BaseObject");
            properties = type.GetProperty("Properties");
            powerShellObject = type;
            return true;
        }

        private static void AppendPowerShellObject(StringBuilder json, object value, int depth)
        {
            object inner = baseObject.GetValue(value, null);
            if (inner.GetType().FullName == "System.Management.Automation.PSCustomObject")
            {
                AppendProperties(json, (IEnumerable)properties.GetValue(value, null), depth);
            }
            else
            {
                Append(json, inner, depth + 1);
            }
        }

        private static void AppendProperties(StringBuilder json, IEnumerable members, int depth)
        {
            json.Append('{');
            string separator = "";
            foreach (object member in members)
            {
                if (propertyValue == null)
                {
                    Type type = member.GetType();
                    while (type.Name != "PSPropertyInfo") { type = type.BaseType; }
                    propertyName = type.GetProperty("Name");
                    propertyValue = type.GetProperty("Value");
                }
                string name = (string)propertyName.GetValue(member, null);
                AppendMember(json, ref separator, name, ValueOf(member, name), depth);
            }
            json.Append('}');
        }

        private static object ValueOf(object member, string name)
        {
            try { return propertyValue.GetValue(member, null); }
            catch (TargetInvocationException failed)
            {
                throw new UnwritableException("cannot be read: " + failed.GetBaseException().Message).Within(name);
            }
        }
    }

    /// <summary>A value that JSON cannot hold, and where it is.</summary>
    public sealed class UnwritableException : ArgumentException
    {
        private readonly string path;
        private readonly string reason;

        internal UnwritableException(string reason) : this("", reason) { }

        private UnwritableException(string path, string reason)
            : base((path.Length == 0 ? "The value " : "The property '" + path + "' ") + reason + (reason.EndsWith(".", StringComparison.Ordinal) ? "" : "."))
        {
            this.path = path;
            this.reason = reason;
        }

        /// <summary>The same, seen from the object that holds it. Of a deep path the outermost part is enough.</summary>
        internal UnwritableException Within(string name)
        {
            string below = path.Length == 0 || path.Length > 200 ? "" : "." + path;
            return new UnwritableException(name + below, reason);
        }
    }
}
