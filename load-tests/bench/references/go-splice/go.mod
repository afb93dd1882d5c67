module aida/go-splice

go 1.21
