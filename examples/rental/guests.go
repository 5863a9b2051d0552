package main

import (
	"time"

	"github.com/rickb777/date/v2"
)

// The office lets six flats by lake Baikal.
var irkutsk = zone("Asia/Irkutsk")

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return z
}

// at is a moment of June 2026 in Irkutsk.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, time.June, day, hour, minute, 0, 0, irkutsk)
}

// How a guest's story ends.
type ending int

const (
	stays   ending = iota // comes, leaves and tells how it was
	lapses                // lets the flat be held, and never pays
	cancels               // pays, and cancels two days before
	leaves                // never books: lost
)

// A guest of the office is invented, with all that he will do. What the program finds out about him,
// that two messages are his, say, is compared with it in the end.
type visitor struct {
	en, ru   string
	writes   []inquiry
	flat     int
	from, to date.Date
	pays     time.Time // zero: does not
	ends     ending
	stars    string    // his feedback
	reason   string    // why he is lost
	ignored  bool      // nobody answers his first message in time
	problem  [2]string // what breaks while he is there, in English and in Russian
	spouse   [2]string // whose phone he writes from
	waits    bool      // would rather wait for this flat than take another
}

// An inquiry is what came in, as it was typed.
type inquiry struct {
	when    time.Time
	channel string // avito, cian: classified sites; whatsapp, telegram; phone; airbnb: its calendar
	name    string
	phone   string // xxx and yy make it another in each run
	account string // a name in a messenger, or the number of a reservation
}

var visitors = []visitor{
	{en: "Anna Belova", ru: "Анна Белова", flat: 1, from: june(11), to: june(14), pays: at(9, 11, 0), stars: "5", writes: []inquiry{
		{at(8, 9, 5), "avito", "Анна", "8 (999) xxx-yy01", ""},
		{at(8, 9, 40), "whatsapp", "Anna B.", "+7999xxxyy01", ""},
		{at(8, 11, 15), "phone", "", "8999xxxyy01", ""}}},
	{en: "Boris Orlov", ru: "Борис Орлов", flat: 2, from: june(12), to: june(15), pays: at(9, 10, 40), stars: "4", problem: [2]string{"no hot water", "нет горячей воды"}, writes: []inquiry{
		{at(8, 10, 0), "phone", "Борис", "8 999 xxx yy 02", ""},
		{at(8, 12, 10), "cian", "Орлов Борис", "+7 (999) xxx-yy-02", ""}}},
	{en: "Vera Sokolova", ru: "Вера Соколова", flat: 3, from: june(10), to: june(13), pays: at(9, 10, 0), stars: "5", writes: []inquiry{
		{at(8, 11, 0), "telegram", "Вера", "", "@vera_s"},
		{at(8, 15, 30), "phone", "Вера Соколова", "8(999)xxxyy03", "@vera_s"}}},
	{en: "Emma Schmidt", ru: "Эмма Шмидт", flat: 4, from: june(13), to: june(16), pays: at(9, 11, 0), stars: "5", writes: []inquiry{
		{at(8, 8, 0), "airbnb", "", "", "HM4K2TQ9"},
		{at(9, 10, 30), "phone", "Emma Schmidt", "+7 999 xxx yy04", "HM4K2TQ9"}}},
	{en: "Gleb Titov", ru: "Глеб Титов", flat: 1, from: june(12), to: june(15), pays: at(9, 11, 30), stars: "5", writes: []inquiry{
		{at(8, 14, 0), "avito", "Глеб", "8-999-xxx-yy-05", ""}}},
	{en: "Darya Klimova", ru: "Дарья Климова", flat: 6, from: june(13), to: june(17), ends: lapses, reason: "no_answer", writes: []inquiry{
		{at(9, 9, 30), "cian", "Дарья", "8999xxxyy06", ""}}},
	{en: "Egor Panin", ru: "Егор Панин", flat: 6, from: june(13), to: june(16), pays: at(10, 15, 0), stars: "4", waits: true, writes: []inquiry{
		{at(9, 15, 0), "whatsapp", "Егор", "+7999xxxyy07", ""}}},
	{en: "Zoya Lapina", ru: "Зоя Лапина", flat: 2, from: june(16), to: june(18), pays: at(10, 16, 30), stars: "5", writes: []inquiry{
		{at(9, 21, 0), "phone", "", "8999xxxyy08", ""},
		{at(10, 9, 10), "whatsapp", "Зоя", "+7999xxxyy08", ""}}},
	{en: "Ilya Fomin", ru: "Илья Фомин", flat: 3, from: june(15), to: june(19), pays: at(10, 17, 0), ends: cancels, reason: "dates", writes: []inquiry{
		{at(10, 10, 0), "avito", "Илья", "8 999 xxx-yy-09", ""}}},
	{en: "Kira Zueva", ru: "Кира Зуева", ends: leaves, reason: "price", ignored: true, writes: []inquiry{
		{at(10, 11, 0), "cian", "Кира", "+7 999 xxx yy 10", ""}}},
	{en: "Lev Gusev", ru: "Лев Гусев", ends: leaves, reason: "dates", writes: []inquiry{
		{at(10, 12, 0), "avito", "Лев", "8 (999) xxx yy 11", ""},
		{at(10, 12, 1), "avito", "Лев", "8 (999) xxx yy 11", ""}}},
	{en: "Maya Rozova", ru: "Майя Розова", flat: 5, from: june(16), to: june(19), pays: at(11, 16, 0), stars: "5", writes: []inquiry{
		{at(10, 16, 0), "telegram", "Майя", "8999xxxyy12", "@maya"}}},
	{en: "Nina Petrova", ru: "Нина Петрова", flat: 1, from: june(16), to: june(18), pays: at(12, 10, 0), stars: "5", writes: []inquiry{
		{at(11, 9, 30), "avito", "Нина", "8999xxxyy13", ""}}},
	{en: "Oleg Petrov", ru: "Олег Петров", spouse: [2]string{"Nina Petrova", "Нина Петрова"}, ends: leaves, reason: "other_flat", writes: []inquiry{
		{at(11, 14, 0), "cian", "Олег", "8999xxxyy13", ""}}},
}
