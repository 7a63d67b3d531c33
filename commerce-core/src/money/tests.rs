use proptest::prelude::*;

use super::*;

fn dinar() -> Currency {
    Currency::from_code("KWD").expect("a currency of three decimals")
}

fn fomento() -> Currency {
    Currency::from_code("CLF").expect("a currency of four decimals")
}

fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

#[test]
fn an_amount_is_read_exactly_in_the_decimals_of_its_currency() {
    let check = |text: &str, currency, minor| assert_eq!(Money::parse(text, currency).map(Money::minor), Ok(minor), "{text} {currency}");
    check("19.99", Currency::GBP, 1999);
    check("19.9", Currency::GBP, 1990);
    check("19", Currency::GBP, 1900);
    check("19.9900", Currency::GBP, 1999);
    check("-0.01", Currency::GBP, -1);
    check("-0.00", Currency::GBP, 0);
    check("007", Currency::GBP, 700);
    check("500", Currency::JPY, 500);
    check("500.0", Currency::JPY, 500);
    check("1.234", dinar(), 1234);
    check("0.0001", fomento(), 1);
    check("92233720368547758.07", Currency::GBP, i64::MAX);
    check("-92233720368547758.08", Currency::GBP, i64::MIN);
    check("000000000000000000000000000.0000", Currency::GBP, 0);
}

#[test]
fn more_decimals_than_the_currency_has_are_refused() {
    let check = |text: &str, currency: Currency| {
        let refused = Err(MoneyError::Decimals { currency, decimals: currency.decimals() });
        assert_eq!(Money::parse(text, currency), refused, "{text} {currency}");
        assert_eq!(Money::from_decimal(text.parse().expect("a decimal"), currency), refused, "{text} {currency}");
    };
    check("19.999", Currency::GBP);
    check("0.5", Currency::JPY);
    check("0.0001", dinar());
    check("0.00001", fomento());
    check("0.0000000000000000000000000001", Currency::GBP);
    check("9999999999999999999999999.999", Currency::GBP);
}

#[test]
fn a_digit_past_those_of_a_decimal_is_not_rounded_away() {
    let text = "1000000000000000000000000000.001";
    assert_eq!(text.parse(), Ok(Decimal::from(10_i128.pow(27))));
    assert_eq!(Money::parse(text, Currency::GBP), Err(MoneyError::Decimals { currency: Currency::GBP, decimals: 2 }));
}

#[test]
fn a_text_that_is_no_plain_number_is_refused_at_the_place() {
    let cases = [
        ("-", 1),
        (".", 0),
        (".5", 0),
        ("5.", 2),
        ("-.5", 1),
        ("+5", 0),
        ("--5", 1),
        ("5-", 1),
        ("1.2.3", 3),
        ("1e5", 1),
        ("1E+5", 1),
        ("NaN", 0),
        ("inf", 0),
        ("0x10", 1),
        ("1,000", 1),
        ("1_000", 1),
        (" 1", 0),
        ("1 ", 1),
        ("1\n", 1),
        ("1\u{0}", 1),
        ("£5", 0),
        ("5€", 1),
        ("\u{661}", 0),
        ("\u{2212}5", 0),
        ("12\u{fe0e}", 2),
    ];
    for (text, index) in cases {
        assert_eq!(Money::parse(text, Currency::GBP), Err(MoneyError::Text { index }), "{text:?}");
    }
}

#[test]
fn an_empty_or_overlong_text_is_refused() {
    let refused = |actual| Err(MoneyError::Length { actual, max: 32 });
    assert_eq!(Money::parse("", Currency::GBP), refused(0));
    assert_eq!(Money::parse(&"0".repeat(32), Currency::GBP), Ok(gbp(0)));
    assert_eq!(Money::parse(&"0".repeat(33), Currency::GBP), refused(33));
    assert_eq!(Money::parse(&"9".repeat(1_000_000), Currency::GBP), refused(1_000_000));
}

#[test]
fn an_amount_past_64_bits_of_minor_units_is_refused() {
    for text in ["92233720368547758.08", "-92233720368547758.09", "99999999999999999999999999999999", "-9999999999999999999999999999999"] {
        assert_eq!(Money::parse(text, Currency::GBP), Err(MoneyError::Overflow), "{text}");
    }
    for currency in [Currency::GBP, Currency::JPY, fomento()] {
        for amount in [Decimal::MAX, Decimal::MIN] {
            assert_eq!(Money::from_decimal(amount, currency), Err(MoneyError::Overflow), "{amount} {currency}");
        }
    }
}

#[test]
fn zero_is_zero_whatever_its_sign_and_scale() {
    for text in ["0", "-0", "0.0000000000000000000000000000", "-0.0000000000000000000000000000"] {
        let amount: Decimal = text.parse().expect("a decimal");
        assert_eq!(Money::from_decimal(amount, Currency::JPY), Ok(Money::zero(Currency::JPY)), "{text}");
    }
    assert_eq!(gbp(0).to_string(), "0.00 GBP");
    assert!(gbp(0).is_zero() && !gbp(-1).is_zero());
}

#[test]
fn an_amount_is_written_with_all_decimals_of_its_currency() {
    let check = |money: Money, expect: &str| assert_eq!(money.to_string(), expect);
    check(gbp(1990), "19.90 GBP");
    check(gbp(-5), "-0.05 GBP");
    check(gbp(i64::MIN), "-92233720368547758.08 GBP");
    check(Money::from_minor(500, Currency::JPY), "500 JPY");
    check(Money::from_minor(1, dinar()), "0.001 KWD");
}

#[test]
fn amounts_of_two_currencies_do_not_meet() {
    let mixed = Err(MoneyError::Mixed { left: Currency::GBP, right: Currency::EUR });
    // not even where the sum would overflow, or add nothing
    for minor in [0, 1, i64::MAX] {
        let euro = Money::from_minor(minor, Currency::EUR);
        assert_eq!(gbp(i64::MAX).checked_add(euro), mixed);
        assert_eq!(gbp(i64::MIN).checked_sub(euro), mixed);
    }
}

fn currencies() -> impl Strategy<Value = Currency> {
    prop_oneof![Just(Currency::GBP), Just(Currency::JPY), Just(dinar()), Just(fomento())]
}

fn minors() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -1_000..1_000_i64, Just(i64::MIN), Just(i64::MAX)]
}

/// What an operation must give: the result of unbounded integers if it fits.
fn expected(wide: i128, currency: Currency) -> Result<Money, MoneyError> {
    i64::try_from(wide).map(|minor| Money::from_minor(minor, currency)).map_err(|_| MoneyError::Overflow)
}

proptest! {
    #[test]
    fn decimals_and_texts_read_back_as_written(minor in minors(), currency in currencies()) {
        let money = Money::from_minor(minor, currency);
        prop_assert_eq!(Money::from_decimal(money.to_decimal(), currency), Ok(money));
        prop_assert_eq!(money.to_decimal().scale(), currency.decimals());
        prop_assert_eq!(Money::parse(&money.to_decimal().to_string(), currency), Ok(money));
    }

    #[test]
    fn a_text_is_read_as_the_decimal_it_spells(text in "-?[0-9]{1,22}(\\.[0-9]{1,6})?", currency in currencies()) {
        let decimal: Decimal = text.parse()?;
        prop_assert_eq!(Money::parse(&text, currency), Money::from_decimal(decimal, currency));
    }

    #[test]
    fn no_text_panics_and_what_is_read_is_what_is_written(text in "[-+.,eE0-9 ]{0,34}|\\PC{0,8}", currency in currencies()) {
        if let Ok(money) = Money::parse(&text, currency) {
            prop_assert_eq!(Ok(money.to_decimal()), text.parse::<Decimal>());
        }
    }

    #[test]
    fn any_decimal_is_read_exactly_or_refused(mantissa in any::<i64>(), scale in 0..=28_u32, currency in currencies()) {
        let decimal = Decimal::new(mantissa, scale);
        match Money::from_decimal(decimal, currency) {
            Ok(money) => prop_assert_eq!(money.to_decimal(), decimal),
            Err(MoneyError::Decimals { .. }) => prop_assert!(decimal.normalize().scale() > currency.decimals()),
            Err(MoneyError::Overflow) => prop_assert!(decimal.abs() > Decimal::new(i64::MAX, currency.decimals())),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn checked_operations_give_the_exact_result_or_overflow(a in minors(), b in minors(), currency in currencies()) {
        let (x, y) = (Money::from_minor(a, currency), Money::from_minor(b, currency));
        let (a, b) = (i128::from(a), i128::from(b));
        prop_assert_eq!(x.checked_add(y), expected(a + b, currency));
        prop_assert_eq!(x.checked_sub(y), expected(a - b, currency));
        prop_assert_eq!(x.checked_mul(y.minor()), expected(a * b, currency));
    }
}
