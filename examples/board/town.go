package main

import "github.com/tenure-go/tenure/dedup"

// givenNames are of men and of women, as they write them and in Latin letters.
var givenNames = [2][][2]string{
	{{"Иван", "Ivan"}, {"Пётр", "Petr"}, {"Олег", "Oleg"}, {"Сергей", "Sergey"}, {"Андрей", "Andrey"}, {"Дмитрий", "Dmitry"}, {"Максим", "Maxim"},
		{"Роман", "Roman"}, {"Павел", "Pavel"}, {"Антон", "Anton"}, {"Денис", "Denis"}, {"Игорь", "Igor"}, {"Кирилл", "Kirill"}, {"Виктор", "Viktor"}},
	{{"Анна", "Anna"}, {"Мария", "Maria"}, {"Ольга", "Olga"}, {"Елена", "Elena"}, {"Ирина", "Irina"}, {"Наталья", "Natalia"}, {"Светлана", "Svetlana"},
		{"Вера", "Vera"}, {"Дарья", "Daria"}, {"Алина", "Alina"}, {"Полина", "Polina"}, {"Юлия", "Yulia"}, {"Ксения", "Ksenia"}, {"Тамара", "Tamara"}},
}

// surnames are a man's, a woman's, both in Latin letters, and a mailbox's.
var surnames = [][5]string{
	{"Котов", "Котова", "Kotov", "Kotova", "kotov"}, {"Орлов", "Орлова", "Orlov", "Orlova", "orlov"}, {"Белов", "Белова", "Belov", "Belova", "belov"},
	{"Зимин", "Зимина", "Zimin", "Zimina", "zimin"}, {"Лапин", "Лапина", "Lapin", "Lapina", "lapin"}, {"Громов", "Громова", "Gromov", "Gromova", "gromov"},
	{"Соколов", "Соколова", "Sokolov", "Sokolova", "sokolov"}, {"Титов", "Титова", "Titov", "Titova", "titov"}, {"Фомин", "Фомина", "Fomin", "Fomina", "fomin"},
	{"Ершов", "Ершова", "Ershov", "Ershova", "ershov"}, {"Гусев", "Гусева", "Gusev", "Guseva", "gusev"}, {"Панин", "Панина", "Panin", "Panina", "panin"},
	{"Рыбаков", "Рыбакова", "Rybakov", "Rybakova", "rybakov"}, {"Миронов", "Миронова", "Mironov", "Mironova", "mironov"}, {"Седов", "Седова", "Sedov", "Sedova", "sedov"},
	{"Карпов", "Карпова", "Karpov", "Karpova", "karpov"}, {"Демин", "Демина", "Demin", "Demina", "demin"}, {"Юдин", "Юдина", "Yudin", "Yudina", "yudin"},
}

// channels are where inquiries come from, the frequent ones more than once.
var channels = []string{"site", "site", "avito", "avito", "cian", "whatsapp", "whatsapp", "phone", "phone", "agency"}

var partners = []dedup.PartnerID{"baikal-realty", "north-agency", "siberia-travel"}

var comments = []string{"for a week, with a child", "is there parking?", "close to the embankment", "for two months, business trip", "с котом можно?", "на две недели", "late arrival, after midnight", "нужен вид на Ангару"}
