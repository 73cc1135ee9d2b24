namespace EntraBulk.Interop.V1
{
    using System;
    using System.Collections;
    using System.Collections.Specialized;
    using System.Globalization;
    using System.Text;

    /// <summary>
    /// Reads the library's JSON: objects become ordered dictionaries, arrays object[], numbers long or double.
    /// ConvertFrom-Json is no help here: PowerShell 7 turns text that looks like a date into a DateTime.
    /// </summary>
    public sealed class JsonReader
    {
        private const int DeepestNesting = 64;

        private readonly string json;
        private int at;

        private JsonReader(string json) { this.json = json; }

        /// <summary>The value that <paramref name="json"/> holds.</summary>
        public static object Read(string json)
        {
            JsonReader reader = new JsonReader(json);
            object value = reader.Value(0);
            reader.SkipSpace();
            if (reader.at != json.Length) { throw reader.Unexpected(); }
            return value;
        }

        private object Value(int depth)
        {
            if (depth > DeepestNesting) { throw new FormatException("The JSON is nested deeper than " + DeepestNesting + " levels."); }
            SkipSpace();
            switch (Peek())
            {
                case '{': return ReadObject(depth);
                case '[': return ReadArray(depth);
                case '"': return Text();
                case 't': Literal("true"); return true;
                case 'f': Literal("false"); return false;
                case 'n': Literal("null"); return null;
                default: return Number();
            }
        }

        private OrderedDictionary ReadObject(int depth)
        {
            OrderedDictionary members = new OrderedDictionary(StringComparer.Ordinal);
            at++;
            if (Skip('}')) { return members; }
            do
            {
                SkipSpace();
                if (Peek() != '"') { throw Unexpected(); }
                string name = Text();
                if (!Skip(':')) { throw Unexpected(); }
                members[name] = Value(depth + 1);
            }
            while (Skip(','));
            if (!Skip('}')) { throw Unexpected(); }
            return members;
        }

        private object[] ReadArray(int depth)
        {
            ArrayList items = new ArrayList();
            at++;
            if (Skip(']')) { return items.ToArray(); }
            do { items.Add(Value(depth + 1)); }
            while (Skip(','));
            if (!Skip(']')) { throw Unexpected(); }
            return items.ToArray();
        }

        private string Text()
        {
            StringBuilder text = new StringBuilder();
            at++;
            while (Peek() != '"')
            {
                char c = json[at++];
                if (c != '\\') { text.Append(c); continue; }
                char escape = Peek();
                at++;
                switch (escape)
                {
                    case 'b': text.Append('\b'); break;
                    case 'f': text.Append('\f'); break;
                    case 'n': text.Append('\n'); break;
                    case 'r': text.Append('\r'); break;
                    case 't': text.Append('\t'); break;
                    case 'u': text.Append(CodeUnit()); break;
                    case '"': case '\\': case '/': text.Append(escape); break;
                    default: at--; throw Unexpected();
                }
            }
            at++;
            return text.ToString();
        }

        private char CodeUnit()
        {
            ushort unit;
            if (at + 4 > json.Length || !ushort.TryParse(json.Substring(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit))
            {
                throw Unexpected();
            }
            at += 4;
            return (char)unit;
        }

        private object Number()
        {
            int start = at;
            while (at < json.Length && "+-.0123456789Ee".IndexOf(json[at]) >= 0) { at++; }
            string digits = json.Substring(start, at - start);
            long whole;
            double number;
            if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out whole)) { return whole; }
            if (double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out number)) { return number; }
            at = start;
            throw Unexpected();
        }

        private void Literal(string word)
        {
            if (string.CompareOrdinal(json, at, word, 0, word.Length) != 0) { throw Unexpected(); }
            at += word.Length;
        }

        private bool Skip(char wanted)
        {
            SkipSpace();
            if (at >= json.Length || json[at] != wanted) { return false; }
            at++;
            return true;
        }

        private void SkipSpace()
        {
            while (at < json.Length && (json[at] == ' ' || json[at] == '\t' || json[at] == '\r' || json[at] == '\n')) { at++; }
        }

        private char Peek()
        {
            if (at >= json.Length) { throw Unexpected(); }
            return json[at];
        }

        private FormatException Unexpected()
        {
            return new FormatException(at >= json.Length ? "The JSON ends too early." : "The JSON has an unexpected '" + json[at] + "' at character " + at + ".");
        }
    }
}
