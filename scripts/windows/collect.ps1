<#
.SYNOPSIS
Puts what this machine knows of its enrollment and management into one file.

.DESCRIPTION
The file holds names and addresses of the machine; look at it before you give it away. Elevated.
#>
[CmdletBinding()]
param(
    # Where to write; a .zip file.
    [string] $Path = (Join-Path ([Environment]::GetFolderPath('Desktop')) 'mockmdm-logs.zip')
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

$folder = Join-Path $env:TEMP ('mockmdm-logs-' + [Guid]::NewGuid())
New-Item -ItemType Directory $folder | Out-Null
try {
    $log = 'Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin'
    & wevtutil.exe epl $log (Join-Path $folder 'admin.evtx')
    Get-WinEvent -LogName $log -MaxEvents 500 -ErrorAction SilentlyContinue |
        Format-List -Property @('TimeCreated', 'Id', 'LevelDisplayName', 'Message') |
        Out-File (Join-Path $folder 'admin.txt') -Encoding utf8
    & "$env:windir\System32\MdmDiagnosticsTool.exe" -area 'DeviceEnrollment;DeviceProvisioning' -zip (Join-Path $folder 'diagnostics.zip')
    Get-ChildItem 'HKLM:\SOFTWARE\Microsoft\Enrollments' -ErrorAction SilentlyContinue |
        ForEach-Object { Get-ItemProperty $_.PSPath } |
        Select-Object -Property @('PSChildName', 'ProviderID', 'UPN', 'EnrollmentType', 'EnrollmentState', 'DiscoveryServiceFullURL') |
        Format-List | Out-File (Join-Path $folder 'enrollments.txt') -Encoding utf8
    foreach ($store in 'Cert:\LocalMachine\Root', 'Cert:\LocalMachine\My', 'Cert:\CurrentUser\My') {
        "== $store" | Out-File (Join-Path $folder 'certificates.txt') -Append -Encoding utf8
        Get-ChildItem $store | Format-List -Property @('Subject', 'Issuer', 'Thumbprint', 'NotAfter', 'HasPrivateKey') |
            Out-File (Join-Path $folder 'certificates.txt') -Append -Encoding utf8
    }
    Compress-Archive -Path (Join-Path $folder '*') -DestinationPath $Path -Force
    Write-Output $Path
}
finally {
    Remove-Item $folder -Recurse -Force -ErrorAction SilentlyContinue
}
