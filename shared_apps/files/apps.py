from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "shared_apps.files"
    verbose_name = "文件"
